/** 64 clients ask three engines at once while engines are killed: nothing wrong, nothing lost, nothing left over. */

import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LoadRecord, runLane } from './mixed-load-lane.ts';
import { becomeAdministrator, type Caller, isReady, until } from './platform-caller.ts';
import { processesOf } from './platform-processes.ts';
import { createRandom } from './platform-random.ts';
import { freshPlace } from './platform-server.ts';
import { repository, type ServeProcess, startServer } from './running-server.ts';

const seconds = Number(process.env['MIXED_LOAD_SECONDS'] ?? 120);
const lanes = 64;
const seed = 20_261_122;
const model = join(repository, 'models', 'nano', 'aimindserve-nano.gguf');
const remoteKey = 'key-of-the-remote-server';
const program = process.env['AIMINDSERVE_LLAMA_SERVER'];

let far: ServeProcess;
let farPort: number;
let near: ServeProcess;
let administrator: Caller;
const place = freshPlace({
  AIMINDSERVE_REMOTE_KEY: remoteKey,
  ...(program !== undefined && { AIMINDSERVE_LLAMA_SERVER: program }),
});
beforeAll(async () => {
  farPort = await freePort();
  far = await startFar();
  near = await place.start(['--no-model']);
  administrator = await becomeAdministrator(near.url, place.dataFolder);
  const small = { contextSize: 1_024, parallel: 8, threads: 1 };
  await administrator.api('PUT', '/settings', { allowedHosts: [`127.0.0.1:${farPort}`], pathRoots: [repository] });
  await administrator.api('POST', '/deployments', {
    ...small,
    name: 'embedded',
    source: { kind: 'bundled' },
    replicas: 2,
  });
  await administrator.api('POST', '/deployments', {
    ...small,
    name: 'llama-box',
    backend: 'llama-box',
    source: { kind: 'local', path: model },
  });
  await administrator.api('POST', '/deployments', {
    name: 'remote',
    source: { kind: 'remote', url: `${far.url}/v1`, model: 'far' },
    remoteKey,
  });
  await allReady();
}, 120_000);
afterAll(async () => {
  await near?.stop();
  await far?.stop();
  place.clear();
});

it('keeps every promise', { timeout: seconds * 1_000 + 240_000 }, async () => {
  const before = await census();
  const record = new LoadRecord();
  const over = new AbortController();
  const headers = await holder();
  const dispatcher = new Agent();
  const target = { url: near.url, headers, models: ['embedded', 'llama-box', 'remote'], dispatcher };
  const running = Array.from({ length: lanes }, (_, lane) =>
    runLane(target, record, { seed: seed + lane, signal: over.signal }),
  );
  const kills = await killNowAndThen(seconds * 1_000);
  over.abort();
  await Promise.all(running);
  await dispatcher.close();
  await allReady();
  const endings = Object.fromEntries([...record.endings].sort());
  console.info(JSON.stringify({ seconds, lanes, kills, endings, firstMs: quantiles(record.firstMs), before }, null, 2));
  // Clients that left and engines that were killed are noticed within a moment.
  let after = before;
  const isQuiet = async (): Promise<boolean> => {
    after = await census();
    return isSame(before, after);
  };
  await until('nothing is left over', isQuiet, 60_000).catch(() => {});
  expect({ ...after, files: before.files }).toEqual(before);
  expect(after.files).toBeLessThanOrEqual(before.files + lanes);
  expect(record.wrong).toEqual([]);
  for (const name of target.models) expect(endings[`${name} whole`] ?? 0).toBeGreaterThan(0);
});

function startFar(): Promise<ServeProcess> {
  const flags = ['--port', String(farPort), '--served-model-name', 'far', '--parallel', '8', '--ctx-size', '1024'];
  return startServer(flags, { environment: { AIMINDSERVE_API_KEY: remoteKey } });
}

/** Every few seconds an engine is killed, of this server or of the far one; how many were. */
async function killNowAndThen(forMs: number): Promise<number> {
  const random = createRandom(seed);
  const endMs = performance.now() + forMs;
  let kills = 0;
  while (performance.now() < endMs) {
    await pause(3_000 + random.below(5_000));
    const guarded = processesOf(place.dataFolder).filter(
      ({ kind, life }) => kind === 'engine' || (kind === 'other' && life !== ''),
    );
    const victim = random.pick([...guarded.map(({ pid }) => pid), 'far'] as const);
    if (victim === undefined) continue;
    kills++;
    if (victim !== 'far') process.kill(victim, 'SIGKILL');
    else {
      await far.stop('SIGKILL');
      far = await startFar();
    }
  }
  return kills;
}

function allReady(): Promise<true> {
  return until(
    'all deployments are ready',
    async () => (await administrator.deployments()).every(isReady) && true,
    120_000,
  );
}

async function holder(): Promise<Readonly<Record<string, string>>> {
  const made = await administrator.makeKey({ name: 'load', scopes: ['inference'] });
  return made.holder.headers;
}

/** What must be the same before and after: processes, and the server's open files. */
async function census() {
  const { pid = 0 } = near.child;
  const kinds = processesOf(place.dataFolder).map(({ kind }) => kind);
  const count = (kind: string): number => kinds.filter((each) => each === kind).length;
  const metrics = await administrator.send('GET', '/metrics');
  const gauges = metrics.text.matchAll(/^aimindserve_answers_under_way\S* (\d+)$/gm);
  const underWay = [...gauges].reduce((sum, [, count]) => sum + Number(count), 0);
  return { guards: count('guard'), engines: count('engine'), underWay, files: readdirSync(`/proc/${pid}/fd`).length };
}

type Census = Awaited<ReturnType<typeof census>>;

/** Connections that are kept for the next request come and go. */
function isSame(before: Census, after: Census): boolean {
  const { files, ...counted } = after;
  return (
    JSON.stringify({ ...counted, files: before.files }) === JSON.stringify(before) && files <= before.files + lanes
  );
}

function quantiles(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
