import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isAppError } from '../base/errors.ts';
import { createStage, isAlive, orderOf, shellOrder, until } from './fixtures/stage.ts';
import { createGuardedRuntime } from './guarded-runtime.ts';
import { createLogs } from './logs.ts';
import type { Run, RunOrder } from './run.ts';

const stage = createStage();
afterAll(() => stage.clear());

const { dataFolder, newInstance } = stage;
const runtime = createGuardedRuntime({ dataFolder, maxLogBytes: 100_000 });
const logs = createLogs(dataFolder);

/** Starts, and waits until the log says `text`. */
async function startAndSee(text: RegExp, order: RunOrder): Promise<{ run: Run; seen: string }> {
  const run = await runtime.start(order);
  const found = (): RegExpExecArray | null => text.exec(logs.tail(run.record, 100));
  await until(() => found() !== null);
  return { run, seen: found()?.[1] ?? '' };
}

async function expectNobody(order: RunOrder): Promise<void> {
  await until(() => stage.processes(order.instanceId).length === 0);
}

describe('a run', () => {
  it('tells how it ended and what it said last, and it is written down', async () => {
    const order = orderOf(newInstance(), 'crashes-at-once');
    const run = await runtime.start(order);
    const end = await run.ended;
    expect(end).toMatchObject({ code: 7, signal: null, killed: false, logTail: 'cannot go on: 世界' });
    expect(end.ranMs).toBeGreaterThan(5);
    expect(runtime.endOf(run.record)).toEqual(end);
    expect(await runtime.adopt(run.record)).toBeUndefined();
    await expectNobody(order);
  });

  it('gets its input, which stays open until it is stopped', async () => {
    const order = orderOf(newInstance(), 'never-ready');
    const { run } = await startAndSee(/read hello/, { ...order, plan: { ...order.plan, input: 'hello\n' } });
    expect(isAlive(run.record.enginePid)).toBe(true);
    expect(isAlive(run.record.guardPid)).toBe(true);
    expect(runtime.endOf(run.record)).toBeUndefined();
    const end = await run.stop();
    expect([end.signal, end.killed]).toEqual(['SIGTERM', false]);
    await expectNobody(order);
  });

  it('is killed when it ignores the request to end, and stopping twice is one stop', async () => {
    const order = orderOf(newInstance(), 'ignores-sigterm', { graceMs: 300 });
    const { run } = await startAndSee(/ready/, order);
    const [first, second] = await Promise.all([run.stop(), run.stop()]);
    expect([first.signal, first.killed, first.logTail]).toEqual(['SIGKILL', true, 'ready\nignored']);
    expect(second).toBe(first);
    await expectNobody(order);
  });

  it.each([['waits'], ['ends']])('takes its helpers with it when it %s', async (manner) => {
    const base = orderOf(newInstance(), 'leaves-grandchild');
    const order = { ...base, plan: { ...base.plan, arguments: [...base.plan.arguments, manner] } };
    const { run, seen } = await startAndSee(/helper (\d+) of/, order);
    if (manner === 'waits') await run.stop();
    expect((await run.ended).logTail).toContain('helper');
    expect(isAlive(Number(seen))).toBe(false);
    await expectNobody(order);
  });

  it('takes helpers with it that left its group', async () => {
    const order = shellOrder(newInstance(), 'setsid sleep 60 </dev/null >/dev/null 2>&1 & sleep 0.2');
    await (await runtime.start(order)).ended;
    await expectNobody(order);
  });

  it('goes on without output', async () => {
    const run = await runtime.start(orderOf(newInstance(), 'closes-stdout'));
    const end = await run.ended;
    expect([end.code, end.logTail]).toEqual([5, 'no more to say']);
    expect(end.ranMs).toBeGreaterThan(300);
  });

  it('cannot fill the disk or the memory with its output', async () => {
    const order = orderOf(newInstance(), 'floods');
    const run = await runtime.start(order);
    const end = await run.ended;
    expect(end.logTail.endsWith('the last line')).toBe(true);
    expect(end.logTail.length).toBeLessThan(20_000);
    const folder = join(dataFolder, 'logs', 'instances', order.instanceId);
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    expect(sizes.length).toBe(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100_000);
  });

  it('does not mind a program that never reads a large input', async () => {
    const order = orderOf(newInstance(), 'crashes-at-once');
    const run = await runtime.start({ ...order, plan: { ...order.plan, input: 'x'.repeat(1 << 20) } });
    expect((await run.ended).code).toBe(7);
  });

  it('ends in good order when its guard is asked to', async () => {
    const run = await runtime.start(shellOrder(newInstance(), 'sleep 60'));
    process.kill(run.record.guardPid, 'SIGTERM');
    expect(await run.ended).toMatchObject({ signal: 'SIGTERM', killed: false });
  });

  it.each([['SIGKILL'], ['SIGSTOP']] as const)('does not outlive its guard (%s)', async (name) => {
    const order = shellOrder(newInstance(), "trap '' TERM; echo on; while :; do sleep 0.1; done", { graceMs: 100 });
    const { run } = await startAndSee(/on/, order);
    process.kill(run.record.guardPid, name);
    const end = name === 'SIGSTOP' ? await run.stop() : await run.ended;
    expect(end).toMatchObject({ lostGuard: true, killed: true, logTail: 'on' });
    expect(runtime.endOf(run.record)).toEqual(end);
    await expectNobody(order);
  });

  it('leaves nothing open behind', async () => {
    const openSockets = (): number =>
      readdirSync('/proc/self/fd').filter((name) => /^(socket|pipe)/.test(linkOf(`/proc/self/fd/${name}`))).length;
    const instanceId = newInstance();
    const before = openSockets();
    for (let run = 1; run <= 12; run++) {
      const started = await runtime.start(shellOrder(instanceId, 'exit 0', { run }));
      expect((await started.ended).code).toBe(0);
    }
    await until(() => openSockets() <= before);
    expect(logs.list(instanceId).map(({ run }) => run)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    expect(readdirSync(join(dataFolder, 'instances', instanceId)).length).toBe(10);
  });
});

describe('what a program sees', () => {
  it('is the environment of the plan, less what the plan removes and what is secret', async () => {
    process.env['AIMINDSERVE_API_KEY'] = 'secret';
    process.env['RUNTIME_TEST_TOKEN'] = 'secret';
    const base = shellOrder(newInstance(), 'echo "$RUNTIME_TEST,$HOME,$AIMINDSERVE_API_KEY$RUNTIME_TEST_TOKEN"');
    const environment = { RUNTIME_TEST: 'yes', HOME: undefined };
    const run = await runtime.start({ ...base, plan: { ...base.plan, environment } });
    expect((await run.ended).logTail).toBe('yes,,');
    delete process.env['AIMINDSERVE_API_KEY'];
    delete process.env['RUNTIME_TEST_TOKEN'];
  });

  it('is nothing that others on the machine can read in the list of processes', async () => {
    const order = shellOrder(newInstance(), 'sleep 60');
    const run = await runtime.start({ ...order, plan: { ...order.plan, input: 'the-secret' } });
    const { guardPid, token, socketPath } = run.record;
    const line = readFileSync(`/proc/${guardPid}/cmdline`, 'utf8');
    expect([line.includes(token), line.includes('the-secret')]).toEqual([false, false]);
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataFolder, 'instances', order.instanceId, '1.json')).mode & 0o777).toBe(0o600);
    await run.stop();
  });
});

describe('a data directory with a long path', () => {
  it('has its sockets elsewhere, and nothing stays there', async () => {
    const long = createGuardedRuntime({ dataFolder: join(dataFolder, 'x'.repeat(100)) });
    const run = await long.start(shellOrder(newInstance(), 'sleep 60'));
    expect(run.record.socketPath.length).toBeLessThan(100);
    expect(statSync(join(run.record.socketPath, '..')).mode & 0o777).toBe(0o700);
    await run.stop();
    expect(statSync(join(run.record.socketPath, '..'), { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe('a start that cannot be', () => {
  it.each([
    ['a missing program', 'nothing-here'],
    ['a folder', '.'],
    ['a file that may not be run', 'plain.txt'],
  ])('says so: %s', async (_, name) => {
    writeFileSync(join(dataFolder, 'plain.txt'), 'hello', { mode: 0o600 });
    const order = shellOrder(newInstance(), '');
    const command = join(dataFolder, name);
    const error = await failure({ ...order, plan: { ...order.plan, command } });
    expect([error.code, error.message.includes(command)]).toEqual(['invalid_config', true]);
  });

  it.each([[['nul \0 inside']], [['x'.repeat(4 << 20)]], [[]]])('says what the system refuses', async (args) => {
    const command = join(dataFolder, 'garbage');
    writeFileSync(command, '#!/no/such/interpreter\n', { mode: 0o700 });
    const order = shellOrder(newInstance(), '');
    const error = await failure({ ...order, plan: { ...order.plan, command, arguments: args } });
    expect([error.code, error.message.includes(command)]).toEqual(['engine_crashed', true]);
    await expectNobody(order);
    expect(logs.list(order.instanceId)).toEqual([]);
  });

  it('says when it cannot write its log', async () => {
    const order = shellOrder(newInstance(), 'sleep 60');
    mkdirSync(join(dataFolder, 'logs', 'instances'), { recursive: true });
    symlinkSync('/nowhere/at/all', join(dataFolder, 'logs', 'instances', order.instanceId));
    expect((await failure(order)).message).toMatch(/cannot be made/);
    rmSync(join(dataFolder, 'logs', 'instances', order.instanceId));
    symlinkSync('/proc/1', join(dataFolder, 'logs', 'instances', order.instanceId));
    const error = await failure(order);
    expect(error.message).toMatch(/guard.*cannot be started.*1\.log/);
    await expectNobody(order);
  });

  it('says when there is no place for the folders', async () => {
    const occupied = createGuardedRuntime({ dataFolder: join(dataFolder, 'occupied') });
    writeFileSync(join(dataFolder, 'occupied', 'instances'), '');
    await expect(occupied.start(shellOrder(newInstance(), ''))).rejects.toThrow(/cannot be made/);
  });

  it('does not start what goes on', async () => {
    const order = shellOrder(newInstance(), 'sleep 60');
    const run = await runtime.start(order);
    expect((await failure(order)).code).toBe('internal_error');
    expect(isAlive(run.record.enginePid)).toBe(true);
    await run.stop();
  });
});

async function failure(order: RunOrder): Promise<{ code: string; message: string }> {
  try {
    await runtime.start(order);
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
  throw new TypeError('it was started');
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
