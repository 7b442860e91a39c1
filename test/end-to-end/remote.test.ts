/** A model that another server serves: one of our own servers deploys what a second one runs, with a key. */

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonSchemaDialect, listDialect } from '../fixtures/seed-requests.ts';
import { gather, stream } from './ask.ts';
import {
  becomeAdministrator,
  type Caller,
  type DeploymentReply,
  isReady,
  until,
  watchUntil,
} from './platform-caller.ts';
import { freshPlace, type Place } from './platform-server.ts';
import { runCommand, type ServeProcess } from './running-server.ts';

const farKey = 'sk-far-0123456789abcdefghij';
const farWords = ['--threads', '1', '--ctx-size', '4096', '--parallel', '2'];

let farPlace: Place;
let nearPlace: Place;
let far: ServeProcess;
let near: ServeProcess;
let admin: Caller;
let holder: Caller;
let source: { readonly kind: 'remote'; readonly url: string; readonly model: string };

beforeAll(async () => {
  farPlace = freshPlace({ AIMINDSERVE_API_KEY: farKey });
  nearPlace = freshPlace();
  far = await farPlace.start(farWords);
  near = await nearPlace.start();
  admin = await becomeAdministrator(near.url, nearPlace.dataFolder);
  source = { kind: 'remote', url: `${far.url}/v1`, model: 'aimindserve-nano' };
  holder = (await admin.makeKey({ name: 'app', scopes: ['inference'] })).holder;
});
afterAll(async () => {
  await Promise.all([near?.stop(), far?.stop()]);
  nearPlace?.clear();
  farPlace?.clear();
});

interface Chat {
  readonly choices: ReadonlyArray<{
    readonly finish_reason: string;
    readonly message: {
      readonly tool_calls?: ReadonlyArray<{ readonly function: { name: string; arguments: string } }>;
    };
  }>;
  readonly aimindserve?: { readonly path: string; readonly format: string };
  readonly usage: { readonly prompt_tokens: number };
}

async function ask(body: object): Promise<Chat> {
  const answer = await holder.send('POST', '/v1/chat/completions', body, { 'x-aimindserve-report': '1' });
  expect(answer.status, answer.text).toBe(200);
  return JSON.parse(answer.text);
}

const reasonOf = ({ instances }: DeploymentReply): string => instances.map(({ reason }) => reason).join('\n');

describe('a remote', () => {
  it('on a private network is refused until an administrator lists its host', async () => {
    await admin.api('POST', '/deployments', { name: 'far', source, remoteKey: farKey });
    const seen = await watchUntil(admin, 'far', ({ state }) => state === 'failed');
    expect(seen.map(reasonOf).join()).toMatch(
      /private network; an administrator has to list the host first.*allowedHosts/,
    );
    await admin.api('PUT', '/settings', { allowedHosts: [new URL(far.url).host], pathRoots: [] });
    await watchUntil(admin, 'far', isReady);
  });

  it('shows its key to nobody', async () => {
    const shown = await admin.api<{ remoteKeyHint: string }>('GET', '/deployments/far');
    expect(shown.remoteKeyHint).toBe('ghij');
    const exported = await admin.send('GET', '/api/v1/export');
    expect(exported.text).toContain('far');
    for (const text of [JSON.stringify(shown), exported.text]) expect(text).not.toContain('0123456789');
    for (const name of readdirSync(nearPlace.dataFolder, { recursive: true, encoding: 'utf8' })) {
      const path = join(nearPlace.dataFolder, name);
      if (statSync(path).isFile()) expect(readFileSync(path).includes('0123456789'), name).toBe(false);
    }
  });

  it.each([
    ['a schema', jsonSchemaDialect],
    ['a list', listDialect],
  ])('answers the request with parameters as %s, whole and streamed, with a valid call', async (_, body) => {
    const { choices, aimindserve, usage } = await ask({ ...body, model: 'far' });
    expect(choices[0]?.finish_reason).toBe('tool_calls');
    const call = choices[0]?.message.tool_calls?.[0]?.function;
    expect(body.tools[0]?.function.name).toBe(call?.name);
    expect(Object.keys(JSON.parse(call?.arguments ?? ''))).toContain('location');
    expect(aimindserve).toMatchObject({ path: 'engine' });
    expect(usage.prompt_tokens).toBeGreaterThan(10);
    const said = await gather(stream(near.url, { ...body, model: 'far' }, undefined, holder.headers));
    expect(said.calls.map(({ name }) => name)).toEqual([call?.name]);
  });

  it('is taught a prompted format where the deployment asks for one', async () => {
    await admin.api('PATCH', '/deployments/far', { toolFormat: 'react' });
    const { aimindserve, choices } = await ask({ ...jsonSchemaDialect, model: 'far' });
    expect(aimindserve).toMatchObject({ path: 'prompted', format: 'react' });
    expect(choices).toHaveLength(1);
    await admin.api('PATCH', '/deployments/far', { toolFormat: null });
  });

  it('is estimated, listed and probed like any other', async () => {
    expect(await admin.api('POST', '/estimates', { source })).toMatchObject({ fits: true, totalBytes: 0 });
    const models = await holder.send('GET', '/v1/models');
    expect(models.text).toContain('"far"');
    expect(await admin.api('POST', '/deployments/far/probe')).toMatchObject({ engine: 'openai chat' });
  });

  it.each(['far', 'aimindserve-nano'])('answers about a picture that %s cannot see, and says so', async (model) => {
    if (model !== 'far')
      await admin.api('POST', '/deployments', { source: { kind: 'bundled' }, contextSize: 1024, threads: 1 });
    await watchUntil(admin, model, isReady);
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(4_000)}` } };
    const content = [{ type: 'text', text: 'Hello! What is this?' }, image];
    const answer = await holder.chat(model, { messages: [{ role: 'user', content }] });
    expect(answer.status, answer.text).toBe(200);
    if (model !== 'far') expect(answer.headers.get('x-aimindserve-warnings')).toContain('image_not_shown');
    const elsewhere = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
    const refused = await holder.chat(model, { messages: [{ role: 'user', content: [elsewhere] }] });
    expect(refused.status).toBe(model === 'far' ? 400 : 200);
  });

  it('says what its server refuses', async () => {
    const messages = [{ role: 'user', content: 'word '.repeat(40_000) }];
    const { status, text } = await holder.send('POST', '/v1/chat/completions', { model: 'far', messages });
    expect(status).toBe(400);
    expect(text).toMatch(/context_length_exceeded/);
  });

  it('with a wrong key says what to change, while the right one still serves', async () => {
    await admin.api('PATCH', '/deployments/far', { remoteKey: 'sk-wrong-0123456789abcd' });
    const seen = await watchUntil(admin, 'far', (told) => /refused the key.*remoteKey/.test(reasonOf(told)));
    expect((await holder.chat('far')).status).toBe(200);
    expect(JSON.stringify(seen)).not.toContain('0123456789');
    const file = join(nearPlace.dataFolder, '..', 'far-key');
    writeFileSync(file, `${farKey}\n`);
    const { holder: manager } = await admin.makeKey({ name: 'cli', scopes: ['inference', 'management'] });
    const key = manager.headers['authorization']?.replace('Bearer ', '') ?? '';
    const words = ['edit', 'far', '--remote-key-file', file, '--url', near.url, '--api-key', key];
    expect(await runCommand(words)).toMatchObject({ code: 0 });
    const isRenewed = (told: DeploymentReply) => isReady(told) && told.instances.length === 1 && reasonOf(told) === '';
    await watchUntil(admin, 'far', isRenewed);
  });

  it('that is killed is told of, and is back when it is', async () => {
    const { port } = new URL(far.url);
    await far.stop('SIGKILL');
    const gone = await holder.chat('far');
    expect(gone.status).toBe(502);
    expect(gone.text).toMatch(/The remote server .* cannot be reached/);
    far = await farPlace.start([...farWords, '--port', port]);
    await until('an answer of the server that came back', async () => (await holder.chat('far')).status === 200);
    await watchUntil(admin, 'far', isReady);
  });

  it('is deployed from the command line, its key from a variable', async () => {
    const { holder: manager } = await admin.makeKey({ name: 'cli2', scopes: ['inference', 'management'] });
    const key = manager.headers['authorization']?.replace('Bearer ', '') ?? '';
    const words = ['deploy', source.url, '--remote-model', source.model, '--name', 'far2', '--url', near.url];
    const environment = { AIMINDSERVE_REMOTE_KEY: farKey, AIMINDSERVE_API_KEY: key };
    const end = await runCommand(words, { environment });
    expect(end).toMatchObject({ code: 0, out: expect.stringContaining('far2 is ready') });
    await admin.api('DELETE', '/deployments/far2');
  });
});
