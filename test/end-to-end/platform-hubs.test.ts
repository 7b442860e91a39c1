/** Hubs that fail during a deployment: the reason says what to do, and once that is done it works. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHubDouble, doubleTokens, type HubDouble } from '../../src/models/hub/fixtures/hub-double.ts';
import { becomeAdministrator, type Caller, isReady, type ListReply, until, watchUntil } from './platform-caller.ts';
import { freshPlace, type Place } from './platform-server.ts';
import { repository, type ServeProcess } from './running-server.ts';

const model = join(repository, 'models', 'nano', 'aimindserve-nano.gguf');
const small = { contextSize: 256, parallel: 1, threads: 1 };
const files = { 'model-Q4_0.gguf': model };

let hub: HubDouble;
let other: HubDouble;
let place: Place;
let server: ServeProcess;
let admin: Caller;
beforeAll(async () => {
  const names = ['hash', 'stall', 'trouble', 'right', 'silent'];
  const open = names.map((name) => ({ id: `team/${name}-GGUF`, files }));
  const repositories = [...open, { id: 'team/gated-GGUF', files, access: 'gated' as const }];
  hub = await createHubDouble({ repositories });
  other = await createHubDouble({ repositories: [{ id: 'team/silent-GGUF', files }] });
  place = freshPlace({ HF_ENDPOINT: hub.url, MODELSCOPE_ENDPOINT: other.url });
  server = await place.start(['--no-model']);
  admin = await becomeAdministrator(server.url, place.dataFolder);
  const allowedHosts = [hub, other].map(({ fileUrl }) => new URL(fileUrl).host);
  await admin.api('PUT', '/settings', { allowedHosts, pathRoots: [] });
});
beforeEach(() => {
  for (const fault of Object.keys(hub.faults)) Object.assign(hub.faults, { [fault]: undefined });
});
afterAll(async () => {
  await server?.stop();
  place?.clear();
  await Promise.all([hub?.close(), other?.close()]);
});

function deploy(name: string, hubName: 'auto' | 'huggingface' = 'huggingface'): Promise<unknown> {
  const source = { kind: 'hub', hub: hubName, repository: `team/${name}-GGUF` };
  return admin.api('POST', '/deployments', { name, source, ...small });
}

/** What is told of the first failure. */
async function failure(name: string): Promise<string> {
  const seen = await watchUntil(admin, name, ({ instances }) => instances.some(({ state }) => state === 'failed'));
  return seen.flatMap(({ instances }) => instances.filter(({ state }) => state === 'failed'))[0]?.reason ?? '';
}

/** A person who has mended something need not wait for the next attempt. */
async function again(name: string): Promise<void> {
  await admin.api('POST', `/deployments/${name}/stop`);
  await admin.api('POST', `/deployments/${name}/start`);
  await watchUntil(admin, name, isReady);
  await admin.api('DELETE', `/deployments/${name}`);
}

/** The sizes of files in a folder of the data directory. */
function sizesUnder(name: string): number[] {
  const folder = join(place.dataFolder, name);
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => statSync(join(entry.parentPath, entry.name)).size);
}

describe('a deployment from a hub', () => {
  it('that is not there: says so, and can be put right', async () => {
    await deploy('wrong');
    expect(await failure('wrong')).toMatch(/no repository 'team\/wrong-GGUF'.*Check the spelling/);
    const source = { kind: 'hub', hub: 'huggingface', repository: 'team/right-GGUF' };
    await admin.api('PATCH', '/deployments/wrong', { source });
    await watchUntil(admin, 'wrong', isReady);
    await admin.api('DELETE', '/deployments/wrong');
  });

  it('that is gated: says where its licence is accepted, and works with a token', async () => {
    await deploy('gated');
    const reason = await failure('gated');
    expect(reason).toContain('https://huggingface.co/team/gated-GGUF');
    expect(reason).toMatch(/licence.*token/);
    await admin.api('PUT', '/settings/secrets/huggingface-token', { value: 'wrong-token' });
    await admin.api('POST', '/deployments/gated/stop');
    await admin.api('POST', '/deployments/gated/start');
    expect(await failure('gated')).toMatch(/token that is set is wrong/);
    await admin.api('PUT', '/settings/secrets/huggingface-token', { value: doubleTokens.owner });
    await again('gated');
    const shown = await admin.send('GET', '/api/v1/settings/secrets');
    expect(shown.text).not.toContain(doubleTokens.owner);
  });

  it('whose file is not what it should be: throws it away', async () => {
    hub.faults.wrongBytes = true;
    await deploy('hash');
    expect(await failure('hash')).toMatch(/hash/);
    hub.faults.wrongBytes = undefined;
    await again('hash');
  });

  it('that stalls: can be begun again, and goes on where it stopped', async () => {
    hub.faults.stallAfterBytes = 2_000_000;
    await deploy('stall');
    await until(
      'that much has arrived',
      () => Math.max(0, ...sizesUnder('models/huggingface/team/stall-GGUF')) >= 2_000_000,
    );
    hub.faults.stallAfterBytes = undefined;
    const { items } = await admin.api<ListReply<{ id: string; state: string }>>('GET', '/downloads?perPage=200');
    const running = items.filter(({ state }) => state === 'running');
    expect(running).toHaveLength(1);
    const before = hub.requests.length;
    await admin.api('DELETE', `/downloads/${running[0]?.id}`);
    await watchUntil(admin, 'stall', isReady);
    const ranges = hub.requests
      .slice(before)
      .flatMap(({ at, headers }) => (at === 'files' ? [headers.range ?? ''] : []));
    expect(ranges).toEqual([expect.stringMatching(/^bytes=2000000-/)]);
    await admin.api('DELETE', '/deployments/stall');
  });

  it('that has trouble of its own: says which, and is asked again by itself', async () => {
    hub.faults.status = 500;
    await deploy('trouble');
    expect(await failure('trouble')).toMatch(/answered 500/);
    hub.faults.status = undefined;
    await watchUntil(admin, 'trouble', isReady);
    await admin.api('DELETE', '/deployments/trouble');
  });

  it('that is silent: the other one is taken', async () => {
    hub.faults.silent = 'api';
    await deploy('silent', 'auto');
    await watchUntil(admin, 'silent', isReady);
    expect(other.requests.some(({ at }) => at === 'files')).toBe(true);
    await admin.api('DELETE', '/deployments/silent');
  });
});
