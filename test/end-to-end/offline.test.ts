/** No call home: where nothing outside can be reached all but downloads works, and nobody tries. */

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { becomeAdministrator, type Caller, isReady, watchUntil } from './platform-caller.ts';
import { freshPlace, type Place } from './platform-server.ts';
import { repository, type ServeProcess } from './running-server.ts';

/** Loaded into the server before its own code: refuses names and far addresses, and writes down who asked for which. */
const fence = `
const { appendFileSync } = require('node:fs');
const dns = require('node:dns');
const net = require('node:net');
const note = (what) => appendFileSync(process.env.FENCE_LOG, what + '\\n');
const isNear = (host) => host === undefined || host === '' || host === 'localhost' || host === '::1' || /^127\\./.test(host);
const refuse = (host) => Object.assign(new Error('getaddrinfo ENOTFOUND ' + host), { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: host });
const { lookup } = dns;
dns.lookup = (host, ...rest) => {
  if (isNear(host) || net.isIP(host)) return lookup(host, ...rest);
  note('name ' + host);
  rest.at(-1)(refuse(host));
};
const far = dns.promises.lookup;
dns.promises.lookup = async (host, ...rest) => {
  if (isNear(host) || net.isIP(host)) return far(host, ...rest);
  note('name ' + host);
  throw refuse(host);
};
const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...words) {
  const [options] = Array.isArray(words[0]) ? words[0] : words;
  const host = typeof options === 'object' ? options.host : words[1];
  if (options.path === undefined && !isNear(host)) {
    note('address ' + host);
    process.nextTick(() => this.destroy(refuse(host)));
    return this;
  }
  return connect.apply(this, words);
};
`;

let folder: string;
let proxy: { readonly server: Server; readonly url: string; readonly asked: string[] };
let place: Place;
let server: ServeProcess;
let admin: Caller;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'offline-'));
  writeFileSync(join(folder, 'fence.cjs'), fence);
  proxy = await refusingProxy();
});
afterAll(async () => {
  await server?.stop();
  place?.clear();
  proxy?.server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A proxy that writes down what it is asked for, and gives nothing. */
async function refusingProxy(): Promise<typeof proxy> {
  const asked: string[] = [];
  const refuse = (what: string): void => {
    asked.push(what);
  };
  const made = createServer((request, response) => {
    refuse(request.url ?? '');
    response.writeHead(503).end();
  }).on('connect', (request, socket) => {
    refuse(request.url ?? '');
    socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
  });
  await new Promise<void>((resolve) => {
    made.listen(0, '127.0.0.1', resolve);
  });
  const address = made.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { server: made, url: `http://127.0.0.1:${port}`, asked };
}

/** What the server looked up or connected to by itself, beside the proxy. */
function beyond(): readonly string[] {
  const path = join(folder, 'fence.log');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

/** Starts, deploys, asks, looks around: everything but fetching. */
async function liveOffline(environment: Readonly<Record<string, string>>): Promise<void> {
  const fenced = { NODE_OPTIONS: `--require ${join(folder, 'fence.cjs')}`, FENCE_LOG: join(folder, 'fence.log') };
  place = freshPlace({ ...fenced, ...environment });
  server = await place.start(['--served-model-name', 'declared']);
  admin = await becomeAdministrator(server.url, place.dataFolder);
  const weights = join(folder, 'weights');
  mkdirSync(weights, { recursive: true });
  copyFileSync(join(repository, 'models', 'nano', 'aimindserve-nano.gguf'), join(weights, 'local.gguf'));
  await admin.api('PUT', '/settings', { allowedHosts: [], pathRoots: [weights] });
  const small = { contextSize: 256, parallel: 1, threads: 1 };
  await admin.api('POST', '/deployments', { name: 'bundled', source: { kind: 'bundled' }, ...small });
  await admin.api('POST', '/deployments', { source: { kind: 'local', path: join(weights, 'local.gguf') }, ...small });
  const { holder } = await admin.makeKey({ name: 'client' });
  for (const name of ['bundled', 'local']) await watchUntil(admin, name, isReady);
  for (const name of ['declared', 'bundled', 'local']) expect((await holder.chat(name)).status).toBe(200);
  for (const path of ['/catalogue?fitsOnly=true', '/model-files', '/devices', '/status', '/downloads', '/audit'])
    await admin.api('GET', path);
  await admin.api('POST', '/estimates', { source: { kind: 'bundled' } });
  expect((await admin.send('GET', '/api/docs')).status).toBe(200);
}

describe('a machine without a way outside', () => {
  it('serves without asking anybody, and only a search asks the proxy', async () => {
    await liveOffline({ HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url });
    expect(proxy.asked).toEqual([]);
    const refusal = await admin.refused('GET', '/hubs/huggingface/models?search=qwen');
    expect(refusal).toMatchObject({ status: 503, code: 'outbound_failed' });
    expect(refusal.message).toContain('huggingface.co');
    expect(new Set(proxy.asked)).toEqual(new Set(['huggingface.co:443']));
    expect(beyond()).toEqual([]);
    expect((await server.stop()).code).toBe(0);
    place.clear();
  });

  it('without a proxy too: the name is not found, and a deployment from there says so', async () => {
    await liveOffline({});
    expect(beyond()).toEqual([]);
    const source = { kind: 'hub', hub: 'huggingface', repository: 'Qwen/Qwen3-8B-GGUF' };
    await admin.api('POST', '/deployments', { name: 'far', source });
    const seen = await watchUntil(admin, 'far', ({ instances }) => instances.some(({ failures }) => failures > 0));
    expect(seen.map(({ reason }) => reason)).toContainEqual(expect.stringContaining('huggingface.co'));
    expect(new Set(beyond())).toEqual(new Set(['name huggingface.co']));
  });
});
