/** Every command against the management API itself, over a real store and a fleet in memory. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, textAnswer } from '../../http/fixtures/scripted-server.ts';
import { isApiKeyId } from '../../http/management/find.ts';
import { type ManagementBench, openManagement } from '../../http/management/fixtures/management-bench.ts';
import { findApiKey } from '../../store/api-keys.ts';
import { exitCodeOf } from '../exit-code.ts';
import { createProgram } from '../program.ts';
import { messageOf } from './failure.ts';

let bench: ManagementBench;
let folder = '';
let environment: Record<string, string> = {};

beforeAll(async () => {
  bench = await openManagement();
  folder = mkdtempSync(join(tmpdir(), 'commands-'));
  const url = await bench.app.listen({ host: '127.0.0.1', port: 0 });
  environment = { AIMINDSERVE_URL: url, AIMINDSERVE_API_KEY: await keyOf('admin'), XDG_CONFIG_HOME: folder };
});
afterAll(async () => {
  bench.closing.abort();
  await bench.close();
  rmSync(folder, { recursive: true });
});

async function keyOf(who: 'admin' | 'user'): Promise<string> {
  const { headers } = await bench.keyOf(bench[who], ['inference', 'management']);
  return String(headers.authorization).replace('Bearer ', '');
}

interface End {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(words: readonly string[], changed: Record<string, string> = {}): Promise<End> {
  const [out, err]: [string[], string[]] = [[], []];
  let code = -1;
  const surroundings = {
    environment: { ...environment, ...changed },
    folder,
    say: (lines: string) => void out.push(lines),
    warn: (lines: string) => void err.push(lines),
  };
  const finish = (ended: number): void => {
    code = ended;
  };
  try {
    await createProgram({ surroundings, finish }).parseAsync(words, { from: 'user' });
  } catch (thrown) {
    const known = thrown instanceof CommanderError ? 78 : exitCodeOf(thrown);
    if (known === undefined) throw thrown;
    code = known;
    err.push(messageOf(thrown));
  }
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const jsonOf = async (...words: string[]) => JSON.parse((await run([...words, '--json'])).out);

describe('deployments', () => {
  it('are deployed with every flag, shown, changed and removed', async () => {
    const flags = [
      '--name=one --alias first --alias=eins --replicas 2 --ctx-size 16K --parallel 3 --threads 2 --gpu off',
      '--gpu-layers 0 --backend embedded --backend-parameter --numa --env A=b=c --device cpu --label zone=a',
      '--category llm --keep-alive 10m --tool-format hermes --sampling temperature=0.5 --guarantee report',
      '--restart never --description text',
    ].flatMap((line) => line.split(' '));
    writeFileSync(join(folder, 'template.jinja'), '{{ messages }}');
    const texts = ['--system-prompt', 'Be short.', '--chat-template', 'template.jinja'];
    const { code, out } = await run(['deploy', 'bundled', ...flags, ...texts, '--', '--flash-attn', 'on']);
    expect([code, out]).toEqual([0, expect.stringContaining('one is ready')]);
    expect((await jsonOf('ps')).items[0].spec).toEqual({
      name: 'one',
      aliases: ['first', 'eins'],
      source: { kind: 'bundled' },
      backend: 'embedded',
      replicas: 2,
      placement: { devices: ['cpu'], labels: { zone: 'a' } },
      categories: ['llm'],
      contextSize: 16_384,
      parallel: 3,
      threads: 2,
      gpu: 'off',
      gpuLayers: 0,
      backendParameters: ['--numa', '--flash-attn', 'on'],
      environment: { A: 'b=c' },
      sampling: { temperature: 0.5 },
      systemPrompt: 'Be short.',
      chatTemplate: '{{ messages }}',
      toolFormat: 'hermes',
      guarantee: 'report',
      restart: 'never',
      keepAliveSeconds: 600,
      limits: {},
      description: 'text',
    });
    expect((await run(['ps'])).out).toMatch(/^NAME +STATE.*\none,first,eins +ready +1\/2 /);
    expect((await run(['scale', 'one', '3'])).out).toContain('1/3 ready');
    expect((await run(['edit', 'eins', 'replicas=1', 'sampling.temperature='])).code).toBe(0);
    expect((await jsonOf('stop', 'one')).isStopped).toBe(true);
    expect((await run(['start', 'one'])).out).toContain('one is ready');
    expect((await run(['clone', 'one', 'two'])).code).toBe(0);
    expect((await run(['rm', 'two', '--yes'])).out).toBe('Removed two.');
    expect((await jsonOf('ps')).total).toBe(1);
    expect((await run(['rm', 'one', '--yes'])).code).toBe(0);
    expect((await run(['ps'])).out).toContain('Nothing is deployed yet');
  });

  it('are exported and imported again', async () => {
    await run(['deploy', 'bundled', '--name', 'kept', '--no-wait']);
    expect((await run(['export', 'all.yaml'])).code).toBe(0);
    await run(['rm', 'kept', '--yes']);
    expect((await run(['import', 'all.yaml', '--dry-run'])).out).toMatch(/kept +would be created/);
    expect((await run(['import', 'all.yaml'])).out).toMatch(/deployment +kept +created/);
    await run(['routes', 'create', 'way', '--target', 'kept']);
    await run(['export', 'all.yaml']);
    expect((await run(['import', 'all.yaml'])).out).toMatch(/deployment +kept +unchanged\s+route +way +unchanged/);
    expect((await run(['routes', 'rm', 'way', '--yes'])).code).toBe(0);
    expect((await run(['import', 'all.yaml'])).out).toMatch(/route +way +created/);
    expect((await run(['export'])).out).toBe(readFileSync(join(folder, 'all.yaml'), 'utf8').trimEnd());
  });

  it('are probed, estimated and watched from the terminal', async () => {
    expect((await run(['probe', 'kept'])).out).toBe(
      'kept: tools proven (format hermes, engine embedded)\n  ok    call\n      asked and answered',
    );
    expect((await run(['estimate', 'bundled', '--ctx-size', '8k'])).out).toContain('Fits      yes');
    expect(bench.fleet.estimated.at(-1)).toEqual({ source: { kind: 'bundled' }, contextSize: 8_000 });
    expect((await run(['top'])).out).toMatch(/DEVICE.*cuda:0.*INSTANCE.*kept/s);
    expect((await run(['logs', 'kept', '--lines', '2'])).code).toBe(0);
  });
});

describe('usage and captures', () => {
  it('are shown by what they are asked by; captures are switched on and off by key', async () => {
    expect((await run(['usage', '--days', '1', '--by', 'user'])).out).toBe('Nothing was asked in the last day.');
    expect((await run(['keys', 'create', 'plain', '--capture', 'off', '--expires', 'never'])).code).toBe(0);
    await run(['keys', 'create', 'watched', '--capture', 'on', '--mask', 'request.user']);
    const [key] = (await jsonOf('keys', 'list', '--search', 'watched')).items;
    expect(key.capture).toEqual({ mask: ['request.user'] });
    expect((await run(['captures', 'list', 'watched'])).out).toBe('Nothing was captured yet.');
    await askMetered(key.id);
    expect((await run(['usage'])).out).toMatch(/^MODEL +REQUESTS.*\nm +1 +0 +7 +2 +3 +0 /);
    expect((await run(['usage', '--by', 'key,user'])).out).toMatch(/^KEY +USER.*\nwatched +root +1 /);
    expect((await jsonOf('usage')).items[0].tokens).toEqual({ prompt: 7, completion: 3, cached: 2 });
    const { code, err } = await run(['usage', '--by', 'hour']);
    expect([code, err]).toEqual([78, expect.stringContaining('model, key, user')]);
    expect((await run(['captures', 'list', 'watched'])).out).toMatch(/^ID.*\ncap_\w+ .* stop +7 +3 /);
    const [{ id }] = (await jsonOf('captures', 'list', 'watched')).items;
    const { out } = await run(['captures', 'show', id]);
    expect(out).toContain('== Request\n{\n  "user": "[masked]"\n}');
    expect(out).toContain('== Prompt\n<|user|>hi');
    expect(out).toContain('== The model wrote\nHello<|end|>');
    await run(['keys', 'edit', 'watched', '--capture', 'off']);
    expect((await jsonOf('keys', 'list', '--search', 'watched')).items[0]).not.toHaveProperty('capture');
    expect((await run(['keys', 'edit', 'watched', '--capture', 'maybe'])).code).toBe(78);
    await run(['keys', 'revoke', 'watched', '--yes']);
    expect((await run(['captures', 'show', id])).code).not.toBe(0);
  });
});

/** A request by this key, as the server meters it. */
async function askMetered(keyId: string): Promise<void> {
  const key = isApiKeyId(keyId) ? await findApiKey(bench.store.db, keyId) : undefined;
  if (key === undefined) return expect.fail('there is no such key');
  const ticket = { headers: {}, promptTokens: 0, move: () => {}, settle: () => {}, release: () => {} };
  const request = { model: 'kept', warnings: [] };
  const caller = { kind: 'key', key, owner: bench.admin } as const;
  const visit = { caller, userAgent: 'curl/8', request, dialects: [], body: { user: 'root' }, ticket };
  const { trace, watch } = bench.meter.begin(visit);
  trace?.prompt([
    { text: '<|user|>', trusted: true },
    { text: 'hi', trusted: false },
  ]);
  trace?.piece({ text: 'Hello', tokens: 1 });
  trace?.piece({ text: '', special: '<|end|>', tokens: 1 });
  for await (const event of watch(eventsOf(textAnswer('Hello')))) trace?.event(event);
}

describe('keys', () => {
  it('are made, changed and revoked; the secret is shown once, alone', async () => {
    const bounds = ['--expires', '30d', '--models', 'a,b', '--rpm', '60', '--tokens-per-day', '1000'];
    const { out: secret, err } = await run(['keys', 'create', 'ci', '--scope', 'management', ...bounds]);
    expect(secret).toMatch(/^sk-ams-\w{38}$/);
    expect(err).toContain('shown this once');
    const [key] = (await jsonOf('keys', 'list', '--search', 'ci')).items;
    expect(key).toMatchObject({
      name: 'ci',
      scopes: ['management'],
      allowedModels: ['a', 'b'],
      limits: { requestsPerMinute: 60, tokensPerDay: 1_000 },
    });
    const edited = await jsonOf('keys', 'edit', 'ci', '--rpm', 'none', '--models', 'all', '--expires', 'never');
    expect(edited.limits).toEqual({ tokensPerDay: 1_000 });
    expect(edited).not.toHaveProperty('allowedModels');
    expect(edited).not.toHaveProperty('expiresAt');
    expect((await run(['keys', 'list'])).out).toContain(`…${secret.slice(-4)}`);
    expect((await run(['status'], { AIMINDSERVE_API_KEY: secret })).code).toBe(0);
    expect((await run(['keys', 'revoke', key.id, '--yes'])).code).toBe(0);
    expect((await run(['status'], { AIMINDSERVE_API_KEY: secret })).code).toBe(4);
  });

  it('of one name are told apart by their ids', async () => {
    await run(['keys', 'create', 'twin']);
    await run(['keys', 'create', 'twin']);
    const { code, err } = await run(['keys', 'revoke', 'twin', '--yes']);
    expect([code, err]).toEqual([1, expect.stringMatching(/2 of the name 'twin'.*key_.*key_/)]);
  });
});

describe('users, devices, models, settings, audit', () => {
  it('are managed', async () => {
    expect((await run(['users', 'create', 'bob', '--no-password', '--role', 'admin'])).out).toBe('Made bob (admin).');
    expect((await run(['users', 'edit', 'bob', '--role', 'user', '--full-name', 'Bob B'])).code).toBe(0);
    expect((await run(['users', 'disable', 'bob'])).code).toBe(0);
    expect((await run(['users', 'list'])).out).toMatch(/bob +user +disabled .*Bob B/);
    expect((await run(['users', 'enable', 'bob'])).code).toBe(0);
    expect((await run(['users', 'rm', 'bob', '--yes'])).code).toBe(0);

    expect((await run(['devices', 'cordon', 'cuda:0'])).code).toBe(0);
    expect((await run(['devices'])).out).toMatch(/cuda:0 +cordoned/);
    expect((await run(['devices', 'uncordon', 'cuda:0'])).code).toBe(0);
    expect((await run(['devices', 'label', 'cuda:0', 'tier=fast', 'rack=a'])).out).toBe('cuda:0: tier=fast rack=a');
    expect((await run(['devices', 'label', 'cuda:0', 'rack='])).out).toBe('cuda:0: tier=fast');
    expect((await run(['devices'])).out).toMatch(/cuda:0 .*tier=fast/);

    expect((await run(['models', 'list'])).out).toMatch(/mf_1 +a +–/);
    expect((await run(['models', 'list', '--catalogue', '--fits'])).out).toContain('qwen3-8b');
    expect((await run(['models', 'search', 'qwen', '--hub', 'hf'])).out).toBe('Nothing found.');
    expect((await run(['models', 'files', 'a/b'])).out).toContain('holds no GGUF model');
    expect((await run(['models', 'pull', 'a/b', '--detach'])).out).toMatch(/dl_/);
    const [download] = (await jsonOf('models', 'list')).downloads;
    expect((await run(['models', 'list'])).out).toMatch(/DOWNLOAD.*\ndl_\w+ +a\/b +running/);
    expect((await run(['models', 'cancel', download.id])).code).toBe(0);
    expect((await run(['models', 'rm', 'a', '--yes'])).code).toBe(0);

    expect((await run(['settings', 'allow-folder', folder])).code).toBe(0);
    expect((await run(['settings', 'allow-host', 'models.internal'])).code).toBe(0);
    expect((await run(['settings', 'set', 'huggingfaceEndpoint=https://mirror.test'])).code).toBe(0);
    expect((await run(['settings'])).out).toMatch(new RegExp(`mirror\\.test[^]*models\\.internal[^]*${folder}`));

    expect((await run(['audit', '--search', 'user.delete'])).out).toMatch(/user\.delete +bob/);
  });
});

describe('what cannot be', () => {
  it.each<[string[], number, RegExp]>([
    [['logs', 'absent'], 1, /no deployment 'absent'/],
    [['scale', 'kept', 'many'], 78, /not a whole number/],
    [['deploy', 'bundled', 'extra'], 78, /'extra' is one word too many/],
    [['deploy', 'bundled', '--name', '-'], 1, /name/],
    [['deploy', 'bundled', '--env', 'A'], 78, /'A' is not KEY=VALUE/],
    [['deploy', 'bundled', '--env', 'LD_PRELOAD=x'], 1, /LD_PRELOAD/],
    [['deploy', 'hf:one'], 78, /'one' is not owner\/name/],
    [['deploy', '/etc/model.gguf'], 1, /settings allow-folder/],
    [['rm', '..', '--yes'], 78, /no name/],
    [['rm', 'kept'], 78, /--yes/],
    [['keys', 'create', 'x', '--expires', 'soon'], 78, /not a duration/],
    [['keys', 'edit', 'x'], 78, /Nothing to change/],
    [['keys', 'revoke', 'x', '--yes'], 1, /no key 'x'/],
    [['users', 'create', 'x'], 78, /no terminal/],
    [['import', 'absent.yaml'], 78, /cannot be read/],
    [['settings', 'set', 'colour=red'], 78, /'colour' is not a setting/],
    [['completion', 'cmd'], 78, /bash, zsh, fish/],
    [['ps', '--url', 'http://127.0.0.1:1'], 3, /Nothing answers.*aimindserve serve/],
    [['ps', '--url', 'ftp://x'], 78, /not the address/],
    [['ps', '--api-key', 'sk-wrong'], 4, /aimindserve login/],
    [['devices', 'cordon', 'cuda:9'], 1, /no device 'cuda:9'/],
  ])('%j ends with %i', async (words, code, message) => {
    const end = await run(words);
    expect(end.err).toMatch(message);
    expect(end.code).toBe(code);
  });

  it('is blamed on the variable that brought the key', async () => {
    const end = await run(['status'], { AIMINDSERVE_API_KEY: 'sk-wrong' });
    expect([end.code, end.err]).toEqual([4, expect.stringContaining('AIMINDSERVE_API_KEY, which goes before')]);
  });

  it('is told to users who are no administrators', async () => {
    const asUser = { AIMINDSERVE_API_KEY: await keyOf('user') };
    expect((await run(['deploy', 'bundled'], asUser)).code).toBe(4);
    expect((await run(['ps'], asUser)).code).toBe(0);
    expect(JSON.parse((await run(['keys', 'list', '--json'], asUser)).out).items).toHaveLength(1);
  });
});

describe('__complete', () => {
  it('tells names a shell can take as they are, ids for others, and nothing where nobody answers', async () => {
    await run(['keys', 'create', '$(touch x)']);
    const names = (await run(['__complete', 'key'])).out.split('\n');
    expect(names.filter((name) => !/^[\w.:/@+-]+$/.test(name))).toEqual([]);
    expect(names).toHaveLength((await jsonOf('keys', 'list')).total);
    expect((await run(['__complete', 'deployment'])).out).toBe('kept');
    expect((await run(['__complete', 'constructor'])).out).toBe('');
    expect(await run(['__complete', 'key'], { AIMINDSERVE_URL: 'http://127.0.0.1:1' })).toMatchObject({
      code: 0,
      out: '',
    });
  });
});
