/** A new user's first hour: link, administrator, three deployments, a key, and the tutorial's request pasted. */

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHubDouble, type HubDouble } from '../../src/models/hub/fixtures/hub-double.ts';
import { jsonSchemaDialect } from '../fixtures/seed-requests.ts';
import { saidIn } from './ask.ts';
import { becomeAdministrator, Caller, type DeploymentReply, isReady, until, watchUntil } from './platform-caller.ts';
import { freshPlace, type Place } from './platform-server.ts';
import { repository, runCommand, type ServeProcess } from './running-server.ts';

const bundled = join(repository, 'models', 'nano', 'aimindserve-nano.gguf');
const qwen = 'Qwen/Qwen2.5-7B-Instruct-GGUF';
/** Small, so that several of them share two cores. */
const small = { contextSize: 1024, parallel: 2, threads: 1 };

let hub: HubDouble;
let place: Place;
let server: ServeProcess;
let admin: Caller;
beforeAll(async () => {
  hub = await createHubDouble();
  place = freshPlace({ HF_ENDPOINT: hub.url, MODELSCOPE_ENDPOINT: hub.url });
  server = await place.start();
});
afterAll(async () => {
  await server?.stop();
  place?.clear();
  await hub?.close();
});

describe('the first administrator', () => {
  const link = () => join(place.dataFolder, 'admin-link');

  it('is made by the link that only the owner of the directory can read', async () => {
    expect(statSync(link()).mode & 0o777).toBe(0o600);
    expect(statSync(place.dataFolder).mode & 0o777).toBe(0o700);
    const entries = readdirSync(place.dataFolder, { recursive: true, encoding: 'utf8' });
    const modeOf = (name: string) => statSync(join(place.dataFolder, name), { throwIfNoEntry: false })?.mode ?? 0;
    expect(entries.filter((name) => (modeOf(name) & 0o077) !== 0)).toEqual([]);
    expect(server.banner).not.toContain('token=');
    const url = readFileSync(link(), 'utf8').trim();
    expect(url).toMatch(new RegExp(`^${server.url}/#/setup\\?token=`));
    expect(await new Caller(server.url).api('GET', '/setup')).toMatchObject({ needsSetup: true });
    admin = await becomeAdministrator(server.url, place.dataFolder);
    expect(await admin.api('GET', '/me')).toMatchObject({ kind: 'session', user: { name: 'ada', role: 'admin' } });
    const token = url.split('token=')[1];
    const again = { token, name: 'eve', password: 'correct horse battery' };
    expect(await new Caller(server.url).refused('POST', '/setup', again)).toMatchObject({ status: 401 });
    expect(existsSync(link())).toBe(false);
    expect(await new Caller(server.url).api('GET', '/setup')).toMatchObject({ needsSetup: false });
  });

  it('signs in again, and nobody manages without', async () => {
    const person = { name: 'ada', password: 'correct horse battery' };
    expect(await new Caller(server.url).api('POST', '/session', person)).toMatchObject({ user: { name: 'ada' } });
    expect(await new Caller(server.url).refused('GET', '/deployments')).toMatchObject({ status: 401 });
  });
});

describe('deployments', () => {
  it('the bundled model', async () => {
    const environment = { AIMINDSERVE_LOG_LEVEL: 'debug' };
    await admin.api('POST', '/deployments', { name: 'nano', source: { kind: 'bundled' }, environment, ...small });
    const seen = await watchUntil(admin, 'nano', isReady);
    expect(statesOf(seen)).toEqual(expect.arrayContaining(['starting', 'ready']));
  });

  it('a GGUF of this machine, from a folder that the settings allow', async () => {
    const path = join(dirname(place.dataFolder), 'weights', 'Own_Model-Q4.gguf');
    mkdirSync(dirname(path));
    copyFileSync(bundled, path);
    const wish = { source: { kind: 'local', path }, ...small };
    const refusal = await admin.refused('POST', '/deployments', wish);
    expect(refusal).toMatchObject({ status: 400, param: 'source.path', message: expect.stringContaining('pathRoots') });
    // The hub's large files are at another address, and a private one: an administrator lists it.
    const allowedHosts = [new URL(hub.fileUrl).host];
    await admin.api('PUT', '/settings', { allowedHosts, pathRoots: [dirname(path)] });
    expect(await admin.api('POST', '/deployments', wish)).toMatchObject({ name: 'own_model-q4' });
    await watchUntil(admin, 'own_model-q4', isReady);
  });

  it('one that a search on the hub finds, as it comes: fetching with progress, starting, ready', async () => {
    const { models } = await admin.api<{ models: Array<{ repository: string; hasGguf: boolean }> }>(
      'GET',
      '/hubs/huggingface/models?search=Qwen2.5-7B-Instruct&gguf=true&sort=downloads',
    );
    expect(models.map((model) => model.repository)).toEqual([qwen]);
    expect(models[0]?.hasGguf).toBe(true);
    // Connections that break off make a small file's way long enough to be watched, and test that it is resumed.
    hub.faults.cutAfterBytes = 1_500_000;
    const source = { kind: 'hub', hub: 'huggingface', repository: qwen };
    const made = await admin.api<DeploymentReply>('POST', '/deployments', { source, ...small });
    expect(made.name).toBe('qwen2.5-7b-instruct');
    const seen = await watchUntil(admin, made.name, isReady);
    hub.faults.cutAfterBytes = undefined;
    const reasons = seen.flatMap(({ instances }) => instances.map(({ state, reason }) => `${state}: ${reason}`));
    expect(reasons).toContainEqual(expect.stringMatching(/^fetching: \d+ % of 4\.8 MB/));
    const order = statesOf(seen).filter((state, index, all) => all.indexOf(state) === index);
    expect(order.slice(order.indexOf('fetching'))).toEqual(['fetching', 'starting', 'ready']);
    const { items } = await admin.api<{ items: unknown[] }>('GET', '/downloads');
    expect(items).toEqual([expect.objectContaining({ state: 'done', source })]);
  });
});

/** The states that an instance went through, as far as the stream told them. */
function statesOf(seen: readonly DeploymentReply[]): string[] {
  return seen.flatMap(({ instances }) => instances.map(({ state }) => state));
}

describe('keys', () => {
  it('answer the tutorial’s request, pasted', async () => {
    const { holder, key } = await admin.makeKey({ name: 'tutorial' });
    const environment = {
      GPUSTACK_SERVER_URL: server.url,
      GPUSTACK_API_KEY: holder.headers['authorization']?.slice('Bearer '.length) ?? '',
    };
    const { out } = await runCommand([], { program: ['sh', '-c', tutorialRequest], environment });
    const body = JSON.parse(out);
    const { content, calls, finish } = saidIn(body);
    expect(body.model).toBe('qwen2.5-7b-instruct');
    expect(body.choices).toHaveLength(1);
    expect(content).toBeNull();
    expect(calls.map(({ name }) => name)).toEqual(['get_current_weather']);
    expect(JSON.parse(calls[0]?.arguments ?? '').location).toContain('Boston');
    expect(finish).toBe('tool_calls');
    await until('the use of the key is told', async () => {
      const { lastUsedAt } = await admin.api<{ lastUsedAt?: number }>('GET', `/keys/${key.id}`);
      return lastUsedAt !== undefined || key.id;
    });
  });

  it('that are wrong are refused in the words of OpenAI', async () => {
    const wrong = new Caller(server.url, { authorization: `Bearer sk-ams-${'0'.repeat(38)}` });
    const answer = await wrong.send('POST', '/v1-openai/chat/completions', jsonSchemaDialect);
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.text)).toMatchObject({
      error: { message: expect.any(String), type: expect.any(String), param: null, code: 'invalid_api_key' },
    });
    expect(await wrong.refused('GET', '/deployments')).toMatchObject({ status: 401, code: 'invalid_api_key' });
  });

  it('are refused from the moment they are revoked', async () => {
    const { holder, key } = await admin.makeKey({ name: 'short-lived' });
    expect((await holder.chat('nano')).status).toBe(200);
    await admin.api('DELETE', `/keys/${key.id}`);
    expect((await holder.chat('nano')).status).toBe(401);
  });

  it('open the models they name and nothing else', async () => {
    const { holder } = await admin.makeKey({ name: 'one model', allowedModels: ['nano'] });
    expect((await holder.chat('nano')).status).toBe(200);
    const other = await holder.chat('qwen2.5-7b-instruct');
    expect([other.status, other.text]).toEqual([404, expect.stringContaining('model_not_found')]);
    const { data } = JSON.parse((await holder.send('GET', '/v1/models')).text);
    expect(data.map(({ id }: { id: string }) => id)).toEqual(['nano']);
    expect(await holder.refused('GET', '/deployments')).toMatchObject({ status: 403 });
  });

  it('keep to their limits and say how much is left', async () => {
    const { holder, key } = await admin.makeKey({ name: 'twice', limits: { requestsPerMinute: 2 } });
    const answers = [await holder.chat('nano'), await holder.chat('nano'), await holder.chat('nano')];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get('x-ratelimit-remaining-requests'))).toEqual(['1', '0', '0']);
    expect(answers[2]?.headers.get('x-ratelimit-limit-requests')).toBe('2');
    expect(Number(answers[2]?.headers.get('retry-after'))).toBeGreaterThan(0);
    await admin.api('PATCH', `/keys/${key.id}`, { limits: { requestsPerMinute: null } });
    expect((await holder.chat('nano')).status).toBe(200);
  });
});

describe('afterwards', () => {
  it('the log of each run can be read', async () => {
    const [instance] = (await admin.deployment('nano')).instances;
    expect(await admin.api('GET', `/instances/${instance?.id}/runs`)).toEqual({ runs: [1] });
    const { text } = await admin.send('GET', `/api/v1/instances/${instance?.id}/logs?lines=20`);
    expect(text).toContain('llama');
  });

  it('everything can be written down, thrown away, and made again', async () => {
    const file = (await admin.send('GET', '/api/v1/export')).text;
    expect(file).toContain('name: qwen2.5-7b-instruct');
    const before = await admin.deployments();
    const stored = before.filter(({ declaredBy }) => declaredBy === 'store');
    expect(stored).toHaveLength(3);
    for (const { name } of stored)
      await admin.api('DELETE', `/deployments/${name}?withFiles=${name.startsWith('qwen')}`);
    await until('all instances are gone', async () =>
      (await admin.deployments()).every(({ declaredBy }) => declaredBy !== 'store'),
    );
    const headers = { 'content-type': 'application/yaml' };
    const report = await admin.send('POST', '/api/v1/import', file, headers);
    expect(JSON.parse(report.text)).toMatchObject({ created: stored.map(({ name }) => name) });
    for (const { name } of stored) await watchUntil(admin, name, isReady);
    const after = await admin.deployments();
    expect(after.map(({ spec }) => spec)).toEqual(before.map(({ spec }) => spec));
  });

  it('files that were fetched go with their deployment if that is wanted, those of others never', async () => {
    const own = () =>
      admin
        .api<{ items: Array<{ origin: string; files: string[] }> }>('GET', '/model-files?perPage=200')
        .then(({ items }) => items.filter(({ origin }) => origin === 'own'));
    const [file] = await own();
    const [path = ''] = file?.files ?? [];
    expect(existsSync(path)).toBe(true);
    await admin.api('DELETE', '/deployments/qwen2.5-7b-instruct?withFiles=true');
    await until('the file is gone', () => !existsSync(path));
    expect(await own()).toEqual([]);
    const weights = join(dirname(place.dataFolder), 'weights', 'Own_Model-Q4.gguf');
    await admin.api('DELETE', '/deployments/own_model-q4?withFiles=true');
    await until('it is gone', async () => (await admin.deployments()).every(({ name }) => name !== 'own_model-q4'));
    expect(existsSync(weights)).toBe(true);
  });

  it('every change is in the log of changes, and no secret', async () => {
    const { items } = await admin.api<{ items: Array<{ action: string; actorName: string }> }>(
      'GET',
      '/audit?perPage=200',
    );
    const actions = new Set(items.map(({ action }) => action));
    for (const action of [
      'setup',
      'deployment.create',
      'deployment.delete',
      'deployment.import',
      'key.create',
      'key.delete',
    ])
      expect(actions).toContain(action);
    expect(new Set(items.map(({ actorName }) => actorName))).toContain('ada');
    const lines = readFileSync(join(place.dataFolder, 'logs', 'audit.log'), 'utf8')
      .trim()
      .split('\n');
    expect(lines).toHaveLength(items.length);
    expect(lines.join('\n')).not.toMatch(/sk-ams-|correct horse|token=/);
  });
});

/** Step 3 of the tutorial, as it stands there but for its second variable, which the test sets. */
const tutorialRequest = `curl -sS $GPUSTACK_SERVER_URL/v1-openai/chat/completions \\
-H "Content-Type: application/json" \\
-H "Authorization: Bearer $GPUSTACK_API_KEY" \\
-d '{
  "model": "qwen2.5-7b-instruct",
  "messages": [
    {
      "role": "user",
      "content": "What'\\''s the weather like in Boston today?"
    }
  ],
  "tools": [
    {
      "type": "function",
      "function": {
        "name": "get_current_weather",
        "description": "Get the current weather in a given location",
        "parameters": {
          "type": "object",
          "properties": {
            "location": {
              "type": "string",
              "description": "The city and state, e.g. San Francisco, CA"
            },
            "unit": {
              "type": "string",
              "enum": ["celsius", "fahrenheit"]
            }
          },
          "required": ["location"]
        }
      }
    }
  ],
  "tool_choice": "auto"
}'`;
