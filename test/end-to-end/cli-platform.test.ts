/** The command line against the real server: a new user's way from the link to an answer, and what is kept of it. */

import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHubDouble, type HubDouble } from '../../src/models/hub/fixtures/hub-double.ts';
import { jsonSchemaDialect } from '../fixtures/seed-requests.ts';
import { saidIn } from './ask.ts';
import { freshPlace, type Place } from './platform-server.ts';
import { type CommandEnd, repository, runCommand, type ServeProcess } from './running-server.ts';

const qwen = 'Qwen/Qwen2.5-7B-Instruct-GGUF';
const password = 'correct horse battery';
/** Small, so that several of them share two cores. */
const small = ['--ctx-size', '1024', '--parallel', '2', '--threads', '1'];

let hub: HubDouble;
let place: Place;
let server: ServeProcess;
let folder = '';
beforeAll(async () => {
  hub = await createHubDouble();
  place = freshPlace({ HF_ENDPOINT: hub.url, MODELSCOPE_ENDPOINT: hub.url });
  folder = dirname(place.dataFolder);
  server = await place.start();
});
afterAll(async () => {
  await server?.stop();
  place?.clear();
  await hub?.close();
});

const run = (words: readonly string[], input = ''): Promise<CommandEnd> =>
  runCommand(words, {
    input,
    folder,
    environment: { XDG_CONFIG_HOME: join(folder, '.config'), AIMINDSERVE_DATA_DIR: place.dataFolder },
  });

/** Runs a command that must succeed; the result is what it prints. */
async function ok(words: readonly string[], input = ''): Promise<string> {
  const { code, out, err } = await run(words, input);
  expect([code, code === 0 ? '' : err]).toEqual([0, '']);
  return out.trimEnd();
}

const linkOf = (): string => readFileSync(join(place.dataFolder, 'admin-link'), 'utf8').trim();

describe('signing in', () => {
  it('needs the link as long as nobody is there', async () => {
    const { code, err } = await run(['ps', '--url', server.url]);
    expect([code, err]).toEqual([4, expect.stringContaining(`aimindserve login ${server.url}`)]);
    const early = await run(['login', server.url]);
    expect([early.code, early.err]).toEqual([4, expect.stringMatching(/no administrator yet.*admin-link/)]);
  });

  it('by the link makes the first administrator and keeps a key', async () => {
    const login = ['login', linkOf(), '--username', 'ada', '--password-stdin'];
    expect(await ok(login, `${password}\n`)).toBe(`Signed in to ${server.url} as ada (admin).`);
    const file = join(folder, '.config', 'aimindserve', 'credentials.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toContain('sk-ams-');
    expect((await run([...login.slice(0, 1), server.url, '--username', 'ada', '--password-stdin'], 'wrong')).code).toBe(
      4,
    );
    expect(await ok(['status'])).toMatch(/You +ada \(admin\), by key/);
  });

  it('again replaces the key', async () => {
    await ok(['login', '--username', 'ada', '--password-stdin'], password);
    expect(JSON.parse(await ok(['keys', 'list', '--json'])).total).toBe(1);
  });
});

describe('deployments', () => {
  it('come up while one watches: bundled, of this machine, of a hub', async () => {
    const { out, err } = await run(['deploy', 'bundled', '--name', 'nano', ...small]);
    expect(out).toMatch(/^nano is ready: context 1024 per request/);
    expect(err).toContain('starting');

    mkdirSync(join(folder, 'weights'));
    copyFileSync(join(repository, 'models/nano/aimindserve-nano.gguf'), join(folder, 'weights/own.gguf'));
    const refused = await run(['deploy', '/etc/own.gguf', ...small]);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('settings allow-folder')]);
    await ok(['settings', 'allow-folder', 'weights']);
    expect(await ok(['deploy', 'weights/own.gguf', ...small])).toContain('own is ready');

    await ok(['settings', 'allow-host', new URL(hub.fileUrl).host]);
    expect(await ok(['models', 'search', 'Qwen2.5-7B-Instruct', '--hub', 'hf'])).toContain(qwen);
    expect(await ok(['models', 'files', qwen])).toMatch(/VARIANT.*\nQ/);
    expect(await ok(['models', 'pull', `hf:${qwen}`])).toContain(`Fetched hf:${qwen}`);
    expect(await ok(['deploy', `hf:${qwen}`, ...small])).toContain('qwen2.5-7b-instruct is ready');
    expect(await ok(['models', 'list'])).toContain('own');
    expect(await ok(['ps'])).toMatch(/^qwen2\.5-7b-instruct +ready +1\/1 +1024 +cpu/m);
  });

  it('say why they do not', async () => {
    writeFileSync(join(folder, 'weights', 'broken.gguf'), 'not a model');
    const { code, err } = await run(['deploy', 'weights/broken.gguf']);
    expect([code, err]).toEqual([1, expect.stringMatching(/broken/)]);
    await run(['rm', 'broken', '--yes']);
    const taken = await run(['deploy', 'bundled', '--name', 'nano']);
    expect([taken.code, taken.err]).toEqual([1, expect.stringContaining("'nano'")]);
  });
});

describe('a key', () => {
  it('opens the tutorial’s request, pasted', async () => {
    const key = await ok(['keys', 'create', 'tutorial', '--models', 'qwen2.5-7b-instruct']);
    const request = `curl -sS ${server.url}/v1-openai/chat/completions -H "Content-Type: application/json" -H "Authorization: Bearer $KEY" -d @-`;
    const program = ['sh', '-c', request];
    const { out } = await runCommand([], {
      program,
      input: JSON.stringify(jsonSchemaDialect),
      environment: { KEY: key },
    });
    const { content, calls } = saidIn(JSON.parse(out));
    expect(content).toBeNull();
    expect(calls.map(({ name }) => name)).toEqual(['get_current_weather']);
    expect(JSON.parse(calls[0]?.arguments ?? '').location).toContain('Boston');
    await ok(['keys', 'revoke', 'tutorial', '--yes']);
  });
});

describe('what runs', () => {
  it('is talked to', async () => {
    expect(await ok(['run', 'nano'], 'Hello!\n')).toMatch(/Talking to nano.*> \S+/s);
    expect(await ok(['chat', '--model', 'nano'], 'Hello!\n')).toContain('Talking to nano');
  });

  it('is scaled, changed, stopped, started and removed', async () => {
    await ok(['scale', 'nano', '2']);
    await ok(['start', 'nano']);
    expect(await ok(['ps'])).toMatch(/^nano +ready +2\/2 /m);
    expect(await ok(['logs', 'nano', '--lines', '5'])).toContain('==> ins_');
    await ok(['edit', 'nano', 'replicas=1', 'sampling.temperature=0']);
    expect(await ok(['export'])).toMatch(/temperature: 0\n/);
    expect(JSON.parse(await ok(['stop', 'nano', '--json'])).isStopped).toBe(true);
    expect(await ok(['start', 'nano'])).toContain('nano is ready');
    await ok(['scale', 'nano', '0']);
    const idle = await run(['start', 'nano']);
    expect([idle.code, idle.err]).toEqual([1, expect.stringContaining('aimindserve scale nano 1')]);
    expect(await ok(['run', 'nano'], 'Hello!\n')).toMatch(/Talking to nano.*> \S+/s);
    expect(await ok(['top'])).toMatch(/INSTANCE.*own/s);
    await ok(['rm', 'own', '--yes']);
    expect(existsSync(join(folder, 'weights/own.gguf'))).toBe(true);
  });
});

describe('the data', () => {
  it('are copied while the server runs, and put back only when it does not', async () => {
    const copy = join(folder, 'copy.db');
    expect(await ok(['backup', 'copy.db'])).toBe(`Wrote ${copy}`);
    const early = await run(['restore', copy, '--yes']);
    expect([early.code, early.err]).toEqual([78, expect.stringContaining('stop it first')]);
    await ok(['keys', 'create', 'later']);
    await server.stop();
    expect(await ok(['restore', copy, '--yes'])).toContain(`Restored ${copy}`);
    await ok(['admin', 'reset-password', 'ada', '--password-stdin'], 'another horse battery');
    server = await place.start();
    expect(await ok(['login', server.url, '--username', 'ada', '--password-stdin'], 'another horse battery')).toContain(
      'ada',
    );
    expect(await ok(['keys', 'list'])).not.toContain('later');
    expect(await ok(['ps'])).toContain('nano');
  });

  it('let an administrator in by a link', async () => {
    const link = await ok(['admin', 'link', '--user', 'ada']);
    expect(link.startsWith(`${server.url}/#/setup?token=`)).toBe(true);
    expect(await ok(['login', link, '--password-stdin'], password)).toContain('as ada');
  });
});

describe('signing out', () => {
  it('revokes the key, and a server that is gone keeps nobody', async () => {
    await ok(['logout']);
    expect((await run(['ps', '--url', server.url])).code).toBe(4);
    await ok(['login', server.url, '--username', 'ada', '--password-stdin'], password);
    await server.stop();
    const { code, err } = await run(['logout', '--url', server.url]);
    expect([code, err]).toEqual([3, expect.stringContaining('could not be revoked')]);
    expect(await ok(['logout', '--url', server.url])).toContain('not signed in');
  });
});
