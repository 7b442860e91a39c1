/** Several models at once on the embedded engine, and what is left of them when nobody asks any more. */

import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { becomeAdministrator, type Caller, isReady, watchUntil } from './platform-caller.ts';
import { enginesIn, processesOf } from './platform-processes.ts';
import { freshPlace, type Place } from './platform-server.ts';
import { repository, type ServeProcess } from './running-server.ts';

const models = mkdtempSync(join(tmpdir(), 'aimindserve-many-'));
let place: Place;
let server: ServeProcess;
let admin: Caller;
let client: Caller;
beforeAll(async () => {
  copyFileSync(join(repository, 'models', 'nano', 'aimindserve-nano.gguf'), join(models, 'copy.gguf'));
  cpSync(join(repository, 'test', 'convert', 'fixtures', 'qwen3'), join(models, 'qwen3'), { recursive: true });
  place = freshPlace();
  server = await place.start(['--no-model']);
  admin = await becomeAdministrator(server.url, place.dataFolder);
  ({ holder: client } = await admin.makeKey({ name: 'client', scopes: ['inference'] }));
  await admin.api('PUT', '/settings', { allowedHosts: [], pathRoots: [models] });
});
afterAll(async () => {
  await server?.stop();
  place?.clear();
  rmSync(models, { recursive: true, force: true });
});

const deployments: ReadonlyArray<readonly [name: string, more: object]> = [
  ['small', { source: { kind: 'bundled' }, contextSize: 512 }],
  ['large', { source: { kind: 'bundled' }, contextSize: 2_048, parallel: 8 }],
  ['file', { source: { kind: 'local', path: join(models, 'copy.gguf') }, contextSize: 1_024 }],
  ['converted', { source: { kind: 'local', path: join(models, 'qwen3') }, contextSize: 256, toolFormat: 'hermes' }],
];
const ask = (model: string) =>
  client.send('POST', '/v1/chat/completions', { model, messages: [{ role: 'user', content: 'hi' }], max_tokens: 8 });

/** Bytes in memory of the server, its guards and its engines. */
function residentBytes(): number {
  return processesOf(place.dataFolder)
    .map(({ pid }) => /^VmRSS:\s+(\d+) kB/m.exec(readStatus(pid))?.[1])
    .reduce((sum, kilobytes) => sum + Number(kilobytes ?? 0) * 1_024, 0);
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

describe('four deployments', () => {
  it('answer at the same time, each from a process of its own', async () => {
    for (const [name, more] of deployments)
      await admin.api('POST', '/deployments', { name, parallel: 2, threads: 1, ...more });
    for (const [name] of deployments) await watchUntil(admin, name, isReady);
    expect(enginesIn(place.dataFolder).size).toBe(4);
    const asked = Array.from({ length: 4 }, () => deployments.map(([name]) => name)).flat();
    const answers = await Promise.all(asked.map(ask));
    expect(answers.map(({ status }) => status)).toEqual(asked.map(() => 200));
    expect(answers.map(({ text }) => JSON.parse(text).model)).toEqual(asked);
  });

  it('give all their memory back once nobody asks', async () => {
    const loaded = residentBytes();
    const engines = [...enginesIn(place.dataFolder).values()];
    for (const [name] of deployments) await admin.api('PATCH', `/deployments/${name}`, { keepAliveSeconds: 1 });
    for (const [name] of deployments) await watchUntil(admin, name, ({ state }) => state === 'idle');
    expect(enginesIn(place.dataFolder).size).toBe(0);
    const served = engines.length * 30 * 2 ** 20;
    expect(loaded - residentBytes()).toBeGreaterThan(served);
    expect(processesOf(place.dataFolder), 'only the server is left').toHaveLength(1);
    expect((await ask('file')).status, 'and it is loaded again for who asks').toBe(200);
  });
});
