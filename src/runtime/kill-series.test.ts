import { afterAll, expect, it } from 'vitest';
import { createStage, shellOrder, until } from './fixtures/stage.ts';
import { createGuardedRuntime } from './guarded-runtime.ts';
import { createLogs } from './logs.ts';

const stage = createStage();
afterAll(() => stage.clear());

const programs = [
  'sleep 60',
  "trap '' TERM; while :; do sleep 0.05; done",
  'sleep 60 & sleep 60 & wait',
  'sleep 0.05',
  'read line; sleep 60',
];

/** The same moments in every run of this test; what happens at them differs all the same. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

it('leaves nobody behind when servers are killed at any point of a start and a stop', async () => {
  const random = createRandom(7);
  const { dataFolder } = stage;
  const instanceId = stage.newInstance();
  const next = createGuardedRuntime({ dataFolder });
  for (let run = 1; run <= 30; run++) {
    const program = programs[run % programs.length] ?? '';
    const server = stage.startServer(shellOrder(instanceId, program, { run, graceMs: 100 }), 'stops');
    await new Promise((resolve) => setTimeout(resolve, 60 + random() * 240));
    server.process.kill('SIGKILL');
    await server.ended;
    if (run % 3 === 0) await next.strays([]);
  }
  await next.strays([]);
  // A guard that never got its order ends by itself.
  await until(() => stage.processes(instanceId).length === 0);
  await next.strays([]);
  const runs = createLogs(dataFolder).list(instanceId);
  expect(runs.filter(({ end }) => end === undefined)).toEqual([]);
});
