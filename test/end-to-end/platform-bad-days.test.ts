/** Bad days: an engine killed among others, a guard killed, a full disk, a database that somebody holds. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHubDouble, type HubDouble } from '../../src/models/hub/fixtures/hub-double.ts';
import { stream } from './ask.ts';
import { becomeAdministrator, type Caller, isReady, until, watchUntil } from './platform-caller.ts';
import { enginesIn, processesOf } from './platform-processes.ts';
import { freshPlace, type Place } from './platform-server.ts';
import { isRunning, type ServeProcess } from './running-server.ts';

const small = { name: 'nano', source: { kind: 'bundled' }, contextSize: 1024, parallel: 2, threads: 1 };

let place: Place;
let server: ServeProcess;
let admin: Caller;
let client: Caller;

async function begin(wish: object, ...options: Parameters<typeof freshPlace>): Promise<void> {
  place = freshPlace(...options);
  server = await place.start(['--no-model']);
  admin = await becomeAdministrator(server.url, place.dataFolder);
  ({ holder: client } = await admin.makeKey({ name: 'client' }));
  await admin.api('POST', '/deployments', wish);
  await watchUntil(admin, 'nano', isReady);
}

async function end(): Promise<void> {
  await server?.stop();
  place?.clear();
}

/** The reasons that instances of the deployment gave so far. */
async function reasons(): Promise<readonly string[]> {
  const { instances } = await admin.deployment('nano');
  return instances.flatMap(({ history }) => history.map(({ reason }) => reason));
}

describe('an engine', () => {
  beforeAll(() => begin({ ...small, replicas: 2 }));
  afterAll(end);

  it('that is killed takes its own streams with it, and nobody notices who asks next', async () => {
    const [first] = [...enginesIn(place.dataFolder).values()];
    const asks = [1, 2, 3, 4].map(() => askAtLength());
    const started = await Promise.all(asks.map((chunks) => chunks.next()));
    expect(started.every(({ done }) => done === false)).toBe(true);
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) process.kill(first ?? 0, signal);
    const ends = await Promise.all(asks.map(lastOf));
    const codes = ends.map((chunk) => chunk.error?.code ?? chunk.choices[0].finish_reason);
    expect(new Set(codes)).toEqual(new Set(['engine_crashed', 'length']));
    expect(codes.filter((code) => code === 'length').length).toBeGreaterThanOrEqual(2);
    const more = await Promise.all([1, 2, 3, 4].map(() => client.chat('nano')));
    expect(more.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await watchUntil(admin, 'nano', isReady);
    expect(await reasons()).toContainEqual(expect.stringContaining('signal SIGKILL'));
  });

  it('goes with its guard, and another comes', async () => {
    const [guard] = processesOf(place.dataFolder).filter(({ kind }) => kind === 'guard');
    const engine = enginesIn(place.dataFolder).get(guard?.life ?? '');
    process.kill(guard?.pid ?? 0, 'SIGKILL');
    await until('the engine has ended', () => !isRunning(engine ?? 0));
    // A request that was given to it in its last moment fails; the next ones go to the other.
    await until('the other answers', async () => (await client.chat('nano')).status === 200);
    await watchUntil(admin, 'nano', isReady);
    expect(enginesIn(place.dataFolder).size).toBe(2);
    expect(await reasons()).toContainEqual(expect.stringMatching(/guard/));
  });

  it('that hangs is ailing and not asked while another is well', async () => {
    const [hanging = 0] = [...enginesIn(place.dataFolder).values()];
    process.kill(hanging, 'SIGSTOP');
    const isAiling = ({ state }: { state: string }): boolean => state === 'ailing';
    await watchUntil(admin, 'nano', ({ instances }) => instances.some(isAiling));
    const statuses = await Promise.all([1, 2, 3, 4].map(async () => (await client.chat('nano')).status));
    expect(statuses).toEqual([200, 200, 200, 200]);
    // Left alone it would be ended after a minute; nobody waits for that here.
    process.kill(hanging, 'SIGKILL');
    await watchUntil(admin, 'nano', isReady);
  });
});

/** A stream whose answer takes long, whatever the model would like to say. */
function askAtLength(): ReturnType<typeof stream> {
  const numbers = { type: 'array', items: { type: 'integer' }, minItems: 500, maxItems: 500 };
  const parameters = { type: 'object', properties: { numbers }, required: ['numbers'] };
  const tools = [{ type: 'function', function: { name: 'draw', description: 'Draws numbers', parameters } }];
  const messages = [{ role: 'user', content: 'Draw numbers' }];
  const body = { model: 'nano', messages, tools, tool_choice: 'required', max_tokens: 800 };
  return stream(server.url, body, undefined, client.headers);
}

async function lastOf(chunks: ReturnType<typeof stream>) {
  let last: Awaited<ReturnType<typeof chunks.next>>['value'];
  for await (const chunk of chunks) last = chunk;
  return last;
}

describe('a database that another program holds', () => {
  beforeAll(() => begin(small));
  afterAll(end);

  it('keeps nobody from asking models or looking; changes are refused until it is free again', async () => {
    const other = new DatabaseSync(join(place.dataFolder, 'aimindserve.db'));
    other.exec('BEGIN IMMEDIATE');
    const edit = () => admin.send('PATCH', '/api/v1/deployments/nano', { description: 'held' });
    const [refused, ...answers] = await Promise.all([edit(), client.chat('nano'), client.chat('nano')]);
    expect([refused.status, refused.text]).toEqual([503, expect.stringContaining('store_unavailable')]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await admin.deployment('nano')).toMatchObject({ revision: 1, state: 'ready' });
    other.exec('ROLLBACK');
    other.close();
    expect((await edit()).status).toBe(200);
    expect((await client.chat('nano')).status).toBe(200);
  });
});

describe.skipIf(!canMount())('a disk that is full', () => {
  let disk: string;
  let hub: HubDouble;
  beforeAll(async () => {
    disk = mkdtempSync(join(tmpdir(), 'aimindserve-disk-'));
    shell('mount -t tmpfs -o size=16m tmpfs "$0"', disk);
    hub = await createHubDouble();
    await begin(small, { HF_ENDPOINT: hub.url }, join(disk, 'data'));
  });
  afterAll(async () => {
    await end();
    await hub?.close();
    shell('umount -l "$0"', disk);
    rmSync(disk, { recursive: true, force: true });
  });

  it('refuses what it cannot keep, goes on serving, and mends by itself once there is room', async () => {
    const ballast = join(disk, 'ballast');
    fill(ballast);
    const edit = () => admin.send('PATCH', '/api/v1/deployments/nano', { description: 'x'.repeat(1_900) });
    // A page that is there already may still take a change or two.
    const refused = await until('a change is refused', async () => {
      const answer = await edit();
      return answer.status >= 400 && answer;
    });
    expect([refused.status, refused.text]).toEqual([507, expect.stringContaining('disk_full')]);
    expect((await client.chat('nano')).status).toBe(200);
    expect(await admin.deployment('nano')).toMatchObject({ state: 'ready' });
    rmSync(ballast);
    await until('changes are taken again', async () => (await edit()).status === 200);
    expect((await client.chat('nano')).status).toBe(200);
  });

  it('says how much a model lacks, and fetches it once there is room', async () => {
    const ballast = join(disk, 'ballast');
    fill(ballast);
    truncateSync(ballast, statSync(ballast).size - (3 << 20));
    const source = { kind: 'hub', hub: 'huggingface', repository: 'Qwen/Qwen2.5-7B-Instruct-GGUF' };
    await admin.api('PUT', '/settings', { allowedHosts: [new URL(hub.fileUrl).host], pathRoots: [] });
    await admin.api('POST', '/deployments', { ...small, name: 'fetched', source });
    const seen = await watchUntil(admin, 'fetched', ({ instances }) => instances.some(({ failures }) => failures > 0));
    const told = seen.flatMap(({ instances }) => instances.map(({ reason }) => reason));
    expect(told).toContainEqual(expect.stringMatching(/disk|room/));
    rmSync(ballast);
    await watchUntil(admin, 'fetched', isReady);
  });
});

/** May this user mount? In a container most often not. */
function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'aimindserve-mount-'));
  try {
    shell('mount -t tmpfs -o size=1m tmpfs "$0" && umount "$0"', folder);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function shell(script: string, folder: string): void {
  execFileSync('sh', ['-c', script, folder], { stdio: 'ignore' });
}

/** Writes until nothing more fits. */
function fill(path: string): void {
  for (const size of [1 << 20, 1 << 16, 1 << 12]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Full, up to this size.
    }
  }
}
