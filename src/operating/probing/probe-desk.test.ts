/** The desk of probes: one at a time for each deployment, at once when asked, in quiet moments otherwise. */

import { describe, expect, it, onTestFinished } from 'vitest';
import { aDeployment } from '../../../test/fixtures/deployment.ts';
import { scriptedClient, scriptedSpec } from '../../../test/fixtures/scripted-engine.ts';
import { systemClock } from '../../base/clock.ts';
import { EngineError, UnavailableError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import type { ChatEvent } from '../../chat/event.ts';
import type { ChatRequest } from '../../chat/request.ts';
import type { Roster } from '../../engines/roster.ts';
import type { Deployment, DeploymentId } from '../../fleet/deployment.ts';
import type { InstanceId } from '../../fleet/instance.ts';
import type { ToolVerdict } from '../../fleet/tool-verdict.ts';
import { openStore } from '../../store/database.ts';
import type { FleetChange } from '../fleet-control.ts';
import { type Probeable, ProbeDesk } from './probe-desk.ts';
import { openVerdictShelf } from './verdict-shelf.ts';

const deployment = (id: string, changes: Partial<Deployment> = {}): Deployment =>
  aDeployment({ id: id as DeploymentId, name: id, ...changes });

/** An instance that tests stop, start and keep busy by hand. */
class StagedInstance implements Probeable {
  running = 0;
  readonly id: InstanceId;
  deployment: Deployment;
  client: Probeable['client'] = scriptedClient([], true).client;
  readonly spec: NonNullable<Probeable['spec']>;

  constructor(of: Deployment) {
    this.id = `ins_${of.id}` as InstanceId;
    this.deployment = of;
    this.spec = { ...scriptedSpec(''), name: `weights of ${of.id}` };
  }

  enter(): () => void {
    this.running++;
    return () => {
      this.running--;
    };
  }
}

type Answer = (request: ChatRequest, signal: AbortSignal) => AsyncIterable<ChatEvent>;

/** Does everything wrong, but answers. */
async function* silence(): AsyncGenerator<ChatEvent, void, undefined> {
  yield { type: 'start', id: 'x', choice: 0 };
  yield { type: 'finish', reason: 'stop', choice: 0 };
}

/** Answers when told so. */
function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const answer: Answer = async function* (_, signal) {
    const left = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    if (!signal.aborted) await Promise.race([opened, left]);
    if (!signal.aborted) yield* silence();
  };
  return { open: () => open(), answer };
}

async function stage(deployments: readonly Deployment[], answer: Answer = silence) {
  const store = await openStore({ path: ':memory:', clock: systemClock, log: silentLog, backupsFolder: '' });
  const shelf = await openVerdictShelf(store.db, silentLog);
  const instances = deployments.map((each) => new StagedInstance(each));
  const listeners = new Set<(change: FleetChange) => void>();
  const asked: string[] = [];
  const changed: string[] = [];
  const said: string[] = [];
  const desk = new ProbeDesk({
    fleet: {
      kept: instances,
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    shelf,
    async *ask(roster: Roster, request: ChatRequest, signal: AbortSignal) {
      const found = roster.find(request.model);
      if (found === undefined) return;
      const { release } = await roster.acquire(found, signal);
      asked.push(found.name);
      try {
        yield* answer(request, signal);
      } finally {
        release();
      }
    },
    formatOf: (_, { toolFormat = 'hermes' }) => toolFormat,
    rivalOf: (_, { description }) => description,
    engineOf: () => 'staged 1',
    clock: { ...systemClock, unixSeconds: () => 1_795_305_599 },
    log: { ...silentLog, warn: (_, message) => said.push(message) },
    changed: (id) => changed.push(id),
    restMs: 1,
  });
  onTestFinished(async () => {
    await desk.close();
    await store.close();
  });
  const tell = (change: FleetChange): void => {
    for (const listener of listeners) listener(change);
  };
  const ready = (): void => {
    for (const { id } of instances) tell({ kind: 'instance', id, type: 'updated' });
  };
  const verdictOf = ({ spec, deployment: of }: StagedInstance): ToolVerdict | undefined => desk.verdictOf(spec, of);
  return { desk, shelf, instances, listeners, asked, changed, said, tell, ready, verdictOf };
}

const first = <T>([item]: readonly T[]): T => {
  if (item === undefined) throw new RangeError('there is none');
  return item;
};
const patience = new AbortController().signal;
/** Waits for what comes by itself; the test's own time limit ends a vain wait. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}
/** Long enough for many turns of the queue. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, 40));

describe('a format that was chosen against the template', () => {
  it('is probed, and so is the other, once', async () => {
    const dep = deployment('a', { description: 'react' });
    const { desk, shelf, instances } = await stage([dep]);
    const own = await desk.probe(dep, patience);
    expect(own.format).toBe('hermes');
    const { spec } = first(instances);
    const other = desk.verdictOf(spec, { ...dep, toolFormat: 'react' });
    expect(other).toMatchObject({ format: 'react', verdict: 'failed' });
    await desk.probe(dep, patience);
    expect(shelf.find(own)).toBeDefined();
    expect(desk.verdictOf(spec, { ...dep, toolFormat: 'react' })).toBe(other);
  });
});

describe('probing at once', () => {
  const dep = deployment('a');

  it('keeps a dated verdict and tells of it', async () => {
    const { desk, instances, changed, shelf, verdictOf } = await stage([dep]);
    const verdict = await desk.probe(dep, patience);
    expect(verdict).toMatchObject({ verdict: 'failed', format: 'hermes', engine: 'staged 1', at: 1_795_305_599 });
    expect(verdict.steps).toHaveLength(5);
    expect(shelf.find(verdict)).toEqual(verdict);
    expect(verdictOf(first(instances))).toEqual(verdict);
    expect(changed).toEqual(['a']);
    expect(first(instances).running).toBe(0);
  });

  it('does not wait for others, and is one for all who ask meanwhile', async () => {
    const { open, answer } = gate();
    const { desk, instances, asked } = await stage([dep], answer);
    first(instances).running = 3;
    const both = [desk.probe(dep, patience), desk.probe(dep, patience)];
    await until(() => asked.length === 1);
    open();
    const [one, other] = await Promise.all(both);
    expect(one).toBe(other);
    expect(asked).toHaveLength(5);
  });

  it('goes on while one is left who waits, and ends when all have gone', async () => {
    const { answer } = gate();
    const { desk, asked, changed, instances } = await stage([dep], answer);
    const leaving = [new AbortController(), new AbortController()];
    const probes = leaving.map(({ signal }) => desk.probe(dep, signal).catch((thrown: unknown) => thrown));
    await until(() => asked.length === 1);
    leaving[0]?.abort('gone');
    expect(await probes[0]).toBe('gone');
    expect(first(instances).running).toBe(1);
    leaving[1]?.abort('gone too');
    expect(await probes[1]).toBe('gone too');
    await until(() => first(instances).running === 0);
    expect(changed).toEqual([]);
    const late = desk.probe(dep, AbortSignal.abort('late'));
    await expect(late).rejects.toBe('late');
  });

  it('needs a ready instance, and has no verdict on one that ends meanwhile', async () => {
    const { open, answer } = gate();
    const { desk, instances, asked, shelf } = await stage([dep], answer);
    const probe = desk.probe(dep, patience);
    await until(() => asked.length === 1);
    first(instances).client = undefined;
    open();
    await expect(probe).rejects.toMatchObject({ code: 'model_loading' });
    await expect(desk.probe(dep, patience)).rejects.toBeInstanceOf(UnavailableError);
    expect(shelf.lastOf({ weights: 'any', format: 'hermes' })).toBeUndefined();
  });

  it('is told as of another engine until this one was probed, and not at all for another format', async () => {
    const { desk, shelf, instances, verdictOf } = await stage([dep]);
    const verdict = await desk.probe(dep, patience);
    await shelf.keep({ ...verdict, engine: 'staged 2', weights: 'other' });
    const instance = first(instances);
    const earlier = { ...verdict, weights: 'w' };
    expect(verdictOf(instance)).toEqual(verdict);
    instance.deployment = deployment('a', { toolFormat: 'react' });
    expect(verdictOf(instance)).toBeUndefined();
    await shelf.keep({ ...earlier, weights: verdict.weights, format: 'react', engine: 'staged 0', at: 1 });
    expect(verdictOf(instance)).toMatchObject({ engine: 'staged 0', at: 1 });
  });
});

describe('probing in the background', () => {
  it('takes stored deployments that became ready, one after the other, each once', async () => {
    const deployments = ['a', 'b'].map((id) => deployment(id));
    const others = [deployment('flag', { declaredBy: 'command-line' }), deployment('e', { categories: ['embedding'] })];
    const { desk, ready, asked, changed, tell } = await stage([...deployments, ...others]);
    desk.watch();
    ready();
    await until(() => changed.length === 2);
    tell({ kind: 'deployment', id: first(deployments).id, type: 'updated' });
    ready();
    await aWhile();
    expect(asked.join('')).toBe('aaaaabbbbb');
    expect(changed).toEqual(['a', 'b']);
  });

  it('probes again when an edit changed how the model is talked to', async () => {
    const { desk, ready, changed, tell, instances } = await stage([deployment('a')]);
    desk.watch();
    ready();
    await until(() => changed.length === 1);
    const instance = first(instances);
    instance.deployment = deployment('a', { chatTemplate: '{{ messages }} {{ tools }}' });
    tell({ kind: 'deployment', id: instance.deployment.id, type: 'updated' });
    await until(() => changed.length === 2);
  });

  it('waits for a quiet moment, and lets another go first', async () => {
    const { desk, ready, asked, changed, instances } = await stage([deployment('busy'), deployment('idle')]);
    const busy = first(instances);
    busy.running = 1;
    desk.watch();
    ready();
    await until(() => changed.length === 1);
    expect(changed).toEqual(['idle']);
    expect(asked).not.toContain('busy');
    busy.running = 0;
    await until(() => changed.length === 2);
  });

  it('makes haste when somebody asks for the verdict it is waiting for', async () => {
    const { desk, ready, asked, changed, instances } = await stage([deployment('a')]);
    first(instances).running = 1;
    desk.watch();
    ready();
    await aWhile();
    expect(asked).toEqual([]);
    await desk.probe(deployment('a'), patience);
    expect(asked).toHaveLength(5);
    await aWhile();
    expect(changed).toEqual(['a']);
  });

  it('keeps the verdict on an engine that breaks when it is probed: the next life is not broken again', async () => {
    const broken: Answer = async function* () {
      yield { type: 'error', error: new EngineError('engine_crashed', 'It ended.') };
    };
    const { desk, ready, asked, changed, tell, instances } = await stage([deployment('a')], broken);
    desk.watch();
    ready();
    await until(() => changed.length === 1);
    const instance = first(instances);
    const { client } = instance;
    instance.client = undefined;
    tell({ kind: 'instance', id: instance.id, type: 'updated' });
    instance.client = client;
    ready();
    await aWhile();
    expect(asked).toHaveLength(1);
  });

  it('tries again at the next start after nobody could be asked, and logs it', async () => {
    let isThere = false;
    const answer: Answer = async function* () {
      if (isThere) yield* silence();
      else yield { type: 'error', error: new UnavailableError('model_loading', 'Not there.') };
    };
    const { desk, ready, changed, said, tell, instances } = await stage([deployment('a')], answer);
    desk.watch();
    ready();
    await until(() => said.length === 1);
    ready();
    await aWhile();
    expect(said).toEqual(['tool calls could not be probed']);
    isThere = true;
    const instance = first(instances);
    const { client } = instance;
    instance.client = undefined;
    tell({ kind: 'instance', id: instance.id, type: 'updated' });
    instance.client = client;
    ready();
    await until(() => changed.length === 1);
  });

  it('ends at once when the server does, without a verdict', async () => {
    const { answer } = gate();
    const { desk, ready, asked, changed, said, listeners } = await stage([deployment('a'), deployment('b')], answer);
    desk.watch();
    ready();
    await until(() => asked.length === 1);
    const waiting = desk.probe(deployment('b'), patience).catch((thrown: unknown) => thrown);
    await desk.close();
    expect(await waiting).toMatchObject({ code: 'shutting_down' });
    expect([changed, said]).toEqual([[], []]);
    expect(listeners.size).toBe(0);
    await expect(desk.probe(deployment('a'), patience)).rejects.toMatchObject({ code: 'shutting_down' });
  });
});
