import { describe, expect, it } from 'vitest';
import { type Log, silentLog } from '../base/log.ts';
import type { DeploymentId } from '../fleet/deployment.ts';
import { type Instance, type InstanceId, newInstance, next } from '../fleet/instance.ts';
import { listInstances } from '../store/instances.ts';
import { awayWhile, openMemoryStore } from './fixtures/memory-store.ts';
import { InstanceBook, readAdoptable } from './instance-book.ts';
import type { Adoptable } from './instance-life.ts';

async function open() {
  const db = await openMemoryStore();
  return { db, book: new InstanceBook(db, silentLog) };
}

const made = (number: number): Instance =>
  newInstance(
    { id: `ins_${number}` as InstanceId, deploymentId: 'dep_1' as DeploymentId, workerId: 'local', revision: 1 },
    0,
  );
const placed = (instance: Instance): Instance => next(instance, { type: 'place', devices: ['cpu'], atMs: 1 });
const fetching = (instance: Instance, reason: string): Instance => next(instance, { type: 'fetch', reason, atMs: 2 });

const adoptable: Adoptable = {
  run: {
    ...{ instanceId: 'ins_1' as InstanceId, run: 1, guardPid: 11, guardStartTime: 'a', enginePid: 12 },
    ...{ engineStartTime: 'b', socketPath: '/s/guard', token: 'secret', startedAt: 5 },
  },
  address: { socketPath: '/s/engine', token: 'other secret' },
  engine: 'staged 1',
  source: { kind: 'bundled' },
  command: ['/bin/engine', '--port', '1'],
};

describe('InstanceBook', () => {
  it('keeps the last news of each, whatever was told in between', async () => {
    const { db, book } = await open();
    book.note(made(1), undefined);
    book.note(placed(made(1)), adoptable);
    book.note(made(2), undefined);
    book.forget(made(2).id);
    await book.close();
    const [only, ...rest] = await listInstances(db);
    expect(rest).toEqual([]);
    expect(only?.instance).toEqual(placed(made(1)));
    expect(readAdoptable(only?.runRecord, only?.instance.id ?? made(0).id)).toEqual(adoptable);
  });

  it('loses no news that comes just when the last is written', async () => {
    const { db, book } = await open();
    for (let number = 0; number < 50; number++) {
      book.note(made(number), undefined);
      // As many turns of the queue as writing may take.
      for (let turn = 0; turn < number; turn++) await Promise.resolve();
    }
    await book.close();
    expect(await listInstances(db)).toHaveLength(50);
  });

  it('takes the note of a process away with it', async () => {
    const { db, book } = await open();
    book.note(placed(made(1)), adoptable);
    book.note(next(placed(made(1)), { type: 'fail', reason: 'gone', atMs: 3 }), undefined);
    await book.close();
    const [left] = await listInstances(db);
    expect(left).toMatchObject({ instance: { state: 'failed' } });
    expect(left?.runRecord).toBeUndefined();
  });

  it('writes the beginning of a download, not its progress', async () => {
    const { db, book } = await open();
    const start = placed(made(1));
    book.note(fetching(start, '1 %'), undefined);
    for (let turn = 0; turn < 200; turn++) await Promise.resolve();
    book.note(fetching(start, '2 %'), undefined);
    await book.close();
    const [left] = await listInstances(db);
    expect(left?.instance.reason).toBe('1 %');
  });

  it('writes when the database is back what was told while it was away, and complains once', async () => {
    const complaints: string[] = [];
    const log: Log = { ...silentLog, error: (_facts, message) => void complaints.push(message) };
    const db = await openMemoryStore();
    let isAway = true;
    const book = new InstanceBook(
      awayWhile(db, () => isAway),
      log,
    );
    book.note(made(1), undefined);
    book.note(made(2), undefined);
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    isAway = false;
    book.note(placed(made(1)), undefined);
    while ((await listInstances(db)).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await book.close();
    expect((await listInstances(db)).map(({ instance }) => instance.state)).toEqual(['placed', 'pending']);
    expect(complaints).toHaveLength(1);
  });

  it('does not wait for the database for ever when the server ends', async () => {
    const db = await openMemoryStore();
    const book = new InstanceBook(
      awayWhile(db, () => true),
      silentLog,
    );
    book.note(made(1), undefined);
    await book.close();
    expect(await listInstances(db)).toEqual([]);
  });
});

describe('readAdoptable', () => {
  it('tells nothing from something else', () => {
    expect(readAdoptable(undefined, made(1).id)).toBeUndefined();
    expect(readAdoptable(null, made(1).id)).toBeUndefined();
    expect(() => readAdoptable({ run: { run: 1 } }, made(1).id)).toThrow('runRecord');
    expect(() => readAdoptable('text', made(1).id)).toThrow();
  });
});
