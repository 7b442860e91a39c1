/** A server is told secrets of every kind; afterwards none of them stands in any file that it has written. */

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHubDouble, type HubDouble } from '../../src/models/hub/fixtures/hub-double.ts';
import { becomeAdministrator, Caller, type DeploymentReply, isReady, until, watchUntil } from './platform-caller.ts';
import { freshPlace, type Place } from './platform-server.ts';
import type { ServeProcess } from './running-server.ts';

/** What must not be found, and what it is. */
const planted: Record<string, string> = {
  'the key of the command line': 'canary-flag-key-b41f',
  'a wrong key': 'canary-wrong-key-77aa',
  'a password': 'canary password nine3',
  'a wrong password': 'canary wrong password 0c',
  "a hub's token from the environment": 'hf_canaryEnvironment51',
  "a hub's token from the settings": 'hf_canarySettings9d21',
  'a prompt': 'canaryprompt4e',
  "a tool's name": 'canary_tool_5d',
  "a tool's argument": 'canaryargument8c',
  'a query': 'canaryquery2b',
  'a broken body': 'canarybody6f',
  'a header': 'canary-header-3a',
};
/** What the database must keep, and nothing else may hold. */
const inDatabase: Record<string, string> = {
  "an engine's environment": 'canary-environment-f0',
  'an address': 'canary-address-1e',
};

let hub: HubDouble;
let place: Place;
let server: ServeProcess;
let admin: Caller;
beforeAll(async () => {
  hub = await createHubDouble();
  const token = planted["a hub's token from the environment"] ?? '';
  place = freshPlace({ HF_ENDPOINT: hub.url, MODELSCOPE_ENDPOINT: hub.url, HF_TOKEN: token });
  const key = planted['the key of the command line'] ?? '';
  server = await place.start(['--api-key', key, '--served-model-name', 'nano', '--log-level', 'debug']);
  admin = await becomeAdministrator(server.url, place.dataFolder);
});
afterAll(async () => {
  await server?.stop();
  place?.clear();
  await hub?.close();
});

/** What a secret is. */
function plantedAs(what: string): string {
  const secret = { ...planted, ...inDatabase }[what];
  if (secret === undefined) throw new Error(`nothing is planted as ${what}`);
  return secret;
}

describe('secrets are told', () => {
  it('by those who ask models', async () => {
    const flag = new Caller(server.url, { authorization: `Bearer ${plantedAs('the key of the command line')}` });
    const { holder } = await admin.makeKey({ name: 'canary', scopes: ['inference'] });
    planted['a key'] = (holder.headers['authorization'] ?? '').slice('Bearer '.length);
    for (const [caller, stream] of [
      [flag, true],
      [holder, false],
    ] as const)
      expect((await caller.chat('nano', { ...toolQuestion(), stream })).status).toBe(200);
    const wrong = new Caller(server.url, { 'x-api-key': plantedAs('a wrong key') });
    expect((await wrong.chat('nano', toolQuestion())).status).toBe(401);
  });

  it('in questions that fail in every way', async () => {
    const flag = new Caller(server.url, { authorization: `Bearer ${plantedAs('the key of the command line')}` });
    const path = `/v1/chat/completions?key=${plantedAs('a query')}`;
    const headers = { 'x-aimindserve-guarantee': plantedAs('a header'), cookie: `a=${plantedAs('a header')}` };
    const statuses = [
      await flag.send('POST', path, `{"model": "${plantedAs('a broken body')}`),
      await flag.send('POST', path, { model: plantedAs('a broken body'), messages: [] }),
      await flag.send('POST', path, toolQuestion(), headers),
      await flag.chat('nano', { messages: [{ role: plantedAs('a broken body'), content: 'x' }] }),
      await flag.chat('nano', { ...toolQuestion(), temperature: plantedAs('a broken body') }),
      await flag.chat('nano', { ...toolQuestion(`${plantedAs('a prompt')} `.repeat(20_000)) }),
      await flag.chat('nano', { ...toolQuestion(), max_tokens: 2, tool_choice: 'required' }),
      await flag.send('GET', `/nowhere?key=${plantedAs('a query')}`),
    ].map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
  });

  it('by those who manage', async () => {
    const person = { name: 'canary', role: 'user', password: plantedAs('a password') };
    await admin.api('POST', '/users', person);
    const stranger = new Caller(server.url);
    await stranger.api('POST', '/session', { name: person.name, password: person.password });
    await stranger.refused('POST', '/session', { name: person.name, password: plantedAs('a wrong password') });
    await admin.refused('POST', '/users', { ...person, name: 'x', surplus: plantedAs('a password') });
    const value = plantedAs("a hub's token from the settings");
    const search = '/hubs/huggingface/models?search=qwen';
    // The hub knows neither token, and says so.
    await admin.refused('GET', search);
    await admin.api('PUT', '/settings/secrets/huggingface-token', { value });
    await admin.refused('GET', search);
    for (const secret of [value, plantedAs("a hub's token from the environment")])
      expect(hub.requests.some(({ headers }) => headers.authorization === `Bearer ${secret}`)).toBe(true);
    planted['a session'] = admin.headers['cookie']?.split('=')[1] ?? '';
    // Worth nothing without the session.
    inDatabase['a token against forged requests'] = admin.headers['x-csrf-token'] ?? '';
  });

  it('by deployments: one that runs, one that cannot', async () => {
    const environment = { CANARY: plantedAs("an engine's environment") };
    const small = { contextSize: 512, parallel: 1, threads: 1 };
    await admin.api('POST', '/deployments', { name: 'with', source: { kind: 'bundled' }, environment, ...small });
    await watchUntil(admin, 'with', isReady);
    const url = `${hub.fileUrl}/nothing.gguf?token=${plantedAs('an address')}`;
    await admin.api('PUT', '/settings', { allowedHosts: [new URL(hub.fileUrl).host], pathRoots: [] });
    await admin.api('POST', '/deployments', { name: 'without', source: { kind: 'url', url }, ...small });
    await until('it failed', async () => {
      const { instances } = await admin.api<DeploymentReply>('GET', '/deployments/without');
      return instances.some(({ failures }) => failures > 0);
    });
  });
});

function toolQuestion(prompt = plantedAs('a prompt')): object {
  const argument = plantedAs("a tool's argument");
  const parameters = { type: 'object', properties: { [argument]: { type: 'integer', enum: [7] } } };
  return {
    messages: [{ role: 'user', content: `Please call the tool about ${prompt}.` }],
    max_tokens: 60,
    tools: [{ type: 'function', function: { name: plantedAs("a tool's name"), parameters } }],
  };
}

/** Files whose purpose is to hold secrets, for the owner's eyes. */
const keptSecret = new Set(['secret-key', 'admin-link']);

interface WrittenFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** All files of the data directory, read whole. */
function written(): readonly WrittenFile[] {
  const found = readdirSync(place.dataFolder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && !keptSecret.has(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, bytes: readFileSync(path) }));
}

describe('afterwards', () => {
  it('the logs tell who asked for what', async () => {
    await server.stop();
    const logs = written()
      .filter(({ path }) => path.endsWith('.log'))
      .map(({ bytes }) => bytes.toString());
    const all = logs.join('\n');
    expect(all).toContain('"callerId":"flag","address":"127.0.0.1","method":"POST","route":"/v1/chat/completions"');
    expect(all).toMatch(/"callerId":"key_[0-9a-f]{16}"/);
    expect(all).toMatch(/"callerId":"usr_[0-9a-f]{16}".*"route":"\/api\/v1\/settings\/secrets\/:name"/);
    expect(all).toContain('"route":"/nowhere"');
    expect(logs.length).toBeGreaterThan(2);
  });

  it('no secret stands in any file', () => {
    expect(findsOf(planted, written())).toEqual([]);
    expect(Object.values({ ...planted, ...inDatabase }).filter((secret) => secret.length < 12)).toEqual([]);
  });

  it('what the database must keep stands there and nowhere else', () => {
    const isDatabase = ({ path }: WrittenFile): boolean => basename(path).startsWith('aimindserve.db');
    expect(findsOf(inDatabase, written().filter(isDatabase))).toHaveLength(Object.keys(inDatabase).length);
    expect(
      findsOf(
        inDatabase,
        written().filter((file) => !isDatabase(file)),
      ),
    ).toEqual([]);
  });
});

function findsOf(secrets: Readonly<Record<string, string>>, files: readonly WrittenFile[]): string[] {
  return Object.entries(secrets).flatMap(([what, secret]) =>
    files.filter(({ bytes }) => bytes.includes(secret)).map(({ path }) => `${what}: ${path}`),
  );
}
