/** What is told of requests afterwards, by a server with a real engine: usage, captures, clients, and all of it after a kill. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { becomeAdministrator, type Caller, type KeyReply, type ListReply } from './platform-caller.ts';
import { freshPlace, type Place } from './platform-server.ts';
import type { ServeProcess } from './running-server.ts';

interface UsageReply {
  readonly requests: number;
  readonly key: { readonly id: string };
  readonly model: string;
  readonly abandoned: number;
  readonly tokens: { readonly prompt: number; readonly completion: number };
  readonly calls: { readonly made: number; readonly valid: number };
  readonly times: { readonly firstToken: { readonly count: number } };
}

interface CaptureReply {
  readonly id: string;
  readonly transcript: {
    readonly request: { readonly messages: ReadonlyArray<{ readonly content: string }> };
    readonly steps: readonly unknown[];
    readonly answer: {
      readonly choices: ReadonlyArray<{ readonly calls: ReadonlyArray<{ readonly arguments: string }> }>;
    };
  };
}

const place: Place = freshPlace();
let server: ServeProcess;
let admin: Caller;
beforeAll(async () => {
  server = await place.start(['--served-model-name', 'nano']);
  admin = await becomeAdministrator(server.url, place.dataFolder);
});
afterAll(async () => {
  await server?.stop();
  place.clear();
});

const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tools = [
  { type: 'function', function: { name: 'get_weather', description: 'The weather of a city', parameters: city } },
];
const question = (content: string) => ({ model: 'nano', tools, messages: [{ role: 'user', content }] });
const usageOf = async (caller: Caller) =>
  (await caller.api<ListReply<UsageReply>>('GET', '/usage?group=key,model')).items;

it('a call is on the books of its key, is captured with its masks, and is there after a kill', async () => {
  const spec = { name: 'agent', scopes: ['inference', 'management'], capture: { mask: ['arguments.city'] } };
  const { key, holder } = await admin.makeKey(spec);
  const path = '/v1/chat/completions';
  const { text } = await holder.send('POST', path, { ...question('What is the weather in Paris?'), store: true });
  expect(text).toContain('Paris');
  await holder.send('POST', path, { ...question('What is the weather in Oslo?'), stream: true });
  expect((await holder.send('POST', path, { model: 'none', messages: [] })).status).toBe(400);

  const told = await usageOf(holder);
  expect(told).toMatchObject([
    { key: { id: key.id }, model: '', requests: 1 },
    {
      key: { id: key.id },
      model: 'nano',
      requests: 2,
      abandoned: 0,
      calls: { made: 2 },
      times: { firstToken: { count: 2 } },
    },
  ]);
  expect(told[1]?.tokens.prompt).toBeGreaterThan(0);
  expect(told[1]?.tokens.completion).toBeGreaterThan(0);
  const captures = await holder.api<ListReply<CaptureReply>>('GET', `/keys/${key.id}/captures?sort=at`);
  expect(captures.total).toBe(2);
  const capture = await holder.api<CaptureReply>('GET', `/captures/${captures.items[0]?.id}`);
  expect(capture.transcript.request.messages[0]?.content).toBe('What is the weather in [masked]?');
  expect(capture.transcript.answer.choices[0]?.calls[0]?.arguments).toBe('{"city":"[masked]"}');
  expect(JSON.stringify(capture)).not.toContain('Paris');
  expect((await admin.api<ListReply<object>>('GET', '/clients')).total).toBeGreaterThan(0);

  // Whoever asked for the usage had it written.
  await server.stop('SIGKILL');
  server = await place.start(['--served-model-name', 'nano']);
  expect(await usageOf(holder.at(server.url))).toEqual(told);
  const again = await holder.at(server.url).api<ListReply<object>>('GET', `/keys/${key.id}/captures?sort=at`);
  expect(again).toEqual(captures);
  for (const name of readdirSync(join(place.dataFolder, 'logs')).filter((file) => file.endsWith('.log')))
    expect(readFileSync(join(place.dataFolder, 'logs', name), 'utf8')).not.toMatch(/Paris|Oslo/);
});

it('a key that is revoked takes its captures along, and leaves its usage', async () => {
  const { items } = await admin.at(server.url).api<ListReply<KeyReply>>('GET', '/keys?search=agent');
  const [key] = items;
  const { items: captures } = await admin
    .at(server.url)
    .api<ListReply<CaptureReply>>('GET', `/keys/${key?.id}/captures`);
  await admin.at(server.url).api('DELETE', `/keys/${key?.id}`);
  expect(await admin.at(server.url).refused('GET', `/captures/${captures[0]?.id}`)).toMatchObject({ status: 404 });
  expect((await usageOf(admin.at(server.url))).some((sum) => sum.key.id === key?.id && sum.requests === 2)).toBe(true);
});
