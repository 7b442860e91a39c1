import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { InstanceId } from '../fleet/instance.ts';
import { createStage, isAlive, orderOf, shellOrder, until } from './fixtures/stage.ts';
import { createGuardedRuntime } from './guarded-runtime.ts';
import { createLogs } from './logs.ts';
import { startTimeOf } from './process-table.ts';
import type { RunOrder, RunRecord, Runtime } from './run.ts';

const stage = createStage();
afterAll(() => stage.clear());

const { dataFolder, newInstance } = stage;
const logs = createLogs(dataFolder);
const stubborn = "trap '' TERM; while :; do sleep 0.05; done";

/** What a server that starts finds. */
function newServer(): Runtime {
  return createGuardedRuntime({ dataFolder });
}

/** A server starts the order and is killed. */
async function orphan(order: RunOrder): Promise<RunRecord> {
  const server = stage.startServer(order);
  const record = await server.record;
  server.process.kill('SIGKILL');
  await server.ended;
  return record;
}

async function expectNobody(instanceId: InstanceId): Promise<void> {
  await until(() => stage.processes(instanceId).length === 0);
}

describe('a run whose server was killed', () => {
  it('goes on, and the next server adopts it and can stop it', async () => {
    const record = await orphan(shellOrder(newInstance(), 'while echo beat; do sleep 0.05; done'));
    const before = logs.tail(record, 1_000).length;
    const run = await newServer().adopt(record);
    expect(run?.record).toEqual(record);
    expect(isAlive(record.enginePid)).toBe(true);
    await until(() => logs.tail(record, 1_000).length > before);
    expect(await run?.stop()).toMatchObject({ signal: 'SIGTERM', killed: false });
    await expectNobody(record.instanceId);
  });

  it('is adopted again and again, also after a server that let go of it', async () => {
    const record = await orphan(shellOrder(newInstance(), 'sleep 60'));
    (await newServer().adopt(record))?.leave();
    const one = await newServer().adopt(record);
    const other = await newServer().adopt(record);
    await one?.stop();
    expect(await other?.ended).toEqual(await one?.ended);
    await expectNobody(record.instanceId);
  });

  it('may end meanwhile; how is known', async () => {
    const record = await orphan(shellOrder(newInstance(), 'echo bye; sleep 0.3; exit 4'));
    const server = newServer();
    await until(() => server.endOf(record) !== undefined);
    expect(server.endOf(record)).toMatchObject({ code: 4, killed: false, logTail: 'bye' });
    expect(await server.adopt(record)).toBeUndefined();
    expect(logs.list(record.instanceId)).toMatchObject([{ run: 1, end: { code: 4 }, logBytes: 4 }]);
  });

  it('ends when its lease ends', async () => {
    const record = await orphan(shellOrder(newInstance(), 'sleep 60', { leaseMs: 200 }));
    await expectNobody(record.instanceId);
    expect(newServer().endOf(record)).toMatchObject({ signal: 'SIGTERM' });
  });

  it('keeps its lease while a server is there', async () => {
    const record = await orphan(shellOrder(newInstance(), 'sleep 60', { leaseMs: 1_000 }));
    const run = await newServer().adopt(record);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(isAlive(record.enginePid)).toBe(true);
    run?.leave();
    await expectNobody(record.instanceId);
  });

  it('ends at once without a lease, however stubborn', async () => {
    const record = await orphan(shellOrder(newInstance(), stubborn, { leaseMs: 0, graceMs: 100 }));
    await expectNobody(record.instanceId);
    expect(newServer().endOf(record)).toMatchObject({ signal: 'SIGKILL', killed: true });
  });

  it('ends by itself when its guard is killed too', async () => {
    const record = await orphan(orderOf(newInstance(), 'never-ready'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.kill(record.guardPid, 'SIGKILL');
    await expectNobody(record.instanceId);
    expect(await newServer().adopt(record)).toBeUndefined();
    expect(newServer().endOf(record)).toMatchObject({ lostGuard: true, killed: false });
  });

  it('is ended when its guard was killed too, however stubborn', async () => {
    const record = await orphan(shellOrder(newInstance(), stubborn, { graceMs: 100 }));
    process.kill(record.guardPid, 'SIGKILL');
    await until(() => !isAlive(record.guardPid));
    expect(isAlive(record.enginePid)).toBe(true);
    const server = newServer();
    expect(await server.adopt(record)).toBeUndefined();
    expect(stage.processes(record.instanceId)).toEqual([]);
    expect(server.endOf(record)).toMatchObject({ lostGuard: true, killed: true });
  });

  it('is ended when nobody knows it, and no other is', async () => {
    const [known, unknown, own] = [newInstance(), newInstance(), newInstance()];
    const record = await orphan(shellOrder(known, 'sleep 60'));
    await orphan(shellOrder(unknown, stubborn, { graceMs: 100 }));
    const server = newServer();
    const run = await server.start(shellOrder(own, 'sleep 60'));
    await server.strays([record]);
    expect(stage.processes(unknown)).toEqual([]);
    expect([isAlive(record.enginePid), isAlive(run.record.enginePid)]).toEqual([true, true]);
    await Promise.all([run.stop(), server.strays([])]);
    await expectNobody(known);
  });
});

describe('a run of a number that an earlier server used', () => {
  it.each([
    ['goes on', 'sleep 60'],
    ['is over', 'echo first'],
  ])('replaces that one, which %s', async (_, script) => {
    const record = await orphan(shellOrder(newInstance(), script, { graceMs: 100 }));
    const server = newServer();
    const run = await server.start(shellOrder(record.instanceId, 'echo second; sleep 60'));
    expect(isAlive(record.enginePid)).toBe(false);
    await until(() => logs.tail(record, 9) === 'second\n');
    expect(server.endOf(record)).toBeUndefined();
    expect(await newServer().adopt(record)).toBeUndefined();
    expect(isAlive(run.record.enginePid)).toBe(true);
    await run.stop();
  });
});

describe('what is not ours', () => {
  it.each<[string, Partial<RunRecord>]>([
    ['another token', { token: 'f'.repeat(48) }],
    ['another start of the guard', { guardStartTime: '1@00000000' }],
    ['another start of the program', { engineStartTime: '1@00000000' }],
    ['another program', { enginePid: process.pid }],
    ['another socket', { socketPath: '/nowhere' }],
    ['another run', { run: 2 }],
  ])('is not adopted and not touched: %s', async (_, difference) => {
    const run = await newServer().start(shellOrder(newInstance(), 'sleep 60'));
    expect(await newServer().adopt({ ...run.record, ...difference })).toBeUndefined();
    expect([isAlive(run.record.enginePid), isAlive(run.record.guardPid)]).toEqual([true, true]);
    await run.stop();
  });

  it('is not signalled where the numbers were given out again', async () => {
    const record = await orphan(shellOrder(newInstance(), 'sleep 60'));
    process.kill(record.guardPid, 'SIGKILL');
    process.kill(-record.enginePid, 'SIGKILL');
    await expectNobody(record.instanceId);
    const foreign = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    const pid = foreign.pid ?? 0;
    const reused = { ...record, guardPid: pid, enginePid: pid };
    rewriteState(record, { guardPid: pid, enginePid: pid });
    expect(startTimeOf(pid)).not.toBe(record.engineStartTime);
    const server = newServer();
    expect(await server.adopt(reused)).toBeUndefined();
    expect(isAlive(pid)).toBe(true);
    foreign.kill('SIGKILL');
    expect(server.endOf(record)).toMatchObject({ lostGuard: true, killed: false });
  });

  it('is not touched by a server on a copy of the directory', async () => {
    const run = await newServer().start(shellOrder(newInstance(), 'sleep 60'));
    const copy = join(dataFolder, 'copy');
    const { instanceId } = run.record;
    mkdirSync(join(copy, 'instances', instanceId), { recursive: true });
    copyFileSync(stateOf(run.record), join(copy, 'instances', instanceId, '1.json'));
    const server = createGuardedRuntime({ dataFolder: copy });
    expect(await server.adopt(run.record)).toBeUndefined();
    await server.strays([]);
    expect(isAlive(run.record.enginePid)).toBe(true);
    await run.stop();
  });

  it('is not believed: another who listens on the socket', async () => {
    const record = await orphan(shellOrder(newInstance(), 'sleep 60', { graceMs: 100 }));
    rmSync(record.socketPath);
    const impostor = createServer((socket) => {
      const state = { ...JSON.parse(readFileSync(stateOf(record), 'utf8')), guardPid: process.pid };
      socket.write(`${JSON.stringify({ type: 'facts', state })}\n`);
    }).listen(record.socketPath);
    await until(() => impostor.listening);
    expect(await newServer().adopt(record)).toBeUndefined();
    await expectNobody(record.instanceId);
    impostor.close();
  });

  it.each([['{"type":"hello","token":"wrong"}\n'], ['{"type":"stop"}\n'], ['garbage\n'], ['x'.repeat(2 << 20)], ['']])(
    'is not listened to: %.40s',
    async (text) => {
      const run = await newServer().start(shellOrder(newInstance(), 'sleep 60'));
      const socket = createConnection(run.record.socketPath).on('error', () => {});
      socket.write(text);
      await new Promise((resolve) => socket.resume().once('close', resolve));
      expect(isAlive(run.record.enginePid)).toBe(true);
      expect((await run.stop()).killed).toBe(false);
    },
  );

  it.each([['nothing'], ['{"run":1}'], ['[]'], ['']])('is no state: %s', async (text) => {
    const instanceId = newInstance();
    mkdirSync(join(dataFolder, 'instances', instanceId), { recursive: true });
    writeFileSync(join(dataFolder, 'instances', instanceId, '1.json'), text);
    await newServer().strays([]);
    expect(logs.list(instanceId)).toEqual([]);
  });
});

function stateOf({ instanceId, run }: RunRecord): string {
  return join(dataFolder, 'instances', instanceId, `${run}.json`);
}

function rewriteState(record: RunRecord, difference: object): void {
  const state: object = JSON.parse(readFileSync(stateOf(record), 'utf8'));
  writeFileSync(stateOf(record), JSON.stringify({ ...state, ...difference }));
}
