/** From the client's request to what people are told of it: usage, captures, clients, and who may see which. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LimitError } from '../base/errors.ts';
import type { ChatEvent } from '../chat/event.ts';
import type { Trace } from '../chat/trace.ts';
import type { ApiKeySpec } from '../fleet/api-key.ts';
import type { User } from '../fleet/user.ts';
import { callAnswer, type ScriptedServer, startScripted, textAnswer } from './fixtures/scripted-server.ts';
import { type Asker, type ManagementBench, openManagement } from './management/fixtures/management-bench.ts';

let bench: ManagementBench;
let server: ScriptedServer;
let answer: ChatEvent[];
let isFull: boolean;
let admin: Asker['headers'];
beforeEach(async () => {
  bench = await openManagement();
  answer = textAnswer('hello there');
  isFull = false;
  await bench.fleet.create({ name: 'm', aliases: ['org/nano'], source: { kind: 'bundled' } }, undefined);
  const ticket = { headers: {}, promptTokens: 0, move: () => {}, settle: () => {}, release: () => {} };
  const admit = () => {
    if (isFull) throw new LimitError('rate_limited', 'Too many.');
    return ticket;
  };
  const { meter, accounts } = bench;
  const options = { meter, authenticate: accounts.authenticate, door: { admit, headers: () => ({}) } };
  server = await startScripted({ complete: (_request, _signal, company) => traced(company?.trace), options });
  admin = (await bench.asker('management key of an administrator')).headers;
});

async function* traced(trace: Trace | undefined): AsyncGenerator<ChatEvent> {
  for (const event of answer) {
    trace?.event(event);
    yield event;
  }
}

afterEach(async () => {
  await server.app.close(0);
  await bench.close();
});

interface MadeKey {
  readonly id: string;
  readonly headers: { readonly authorization: string };
}

async function keyOf(owner: User, spec: Partial<ApiKeySpec> = {}): Promise<MadeKey> {
  const whole: ApiKeySpec = { name: 'agent', scopes: ['inference', 'management'], limits: {}, ...spec };
  const { key, secret } = await bench.accounts.createKey(owner, whole);
  return { id: key.id, headers: { authorization: `Bearer ${secret}` } };
}

const messages = [{ role: 'user', content: 'My name is Rumpelstilzchen.' }];
const ask = async ({ headers }: MadeKey, fields: object = {}) => {
  const body = JSON.stringify({ model: 'org/nano', messages, ...fields });
  const more = { ...headers, 'user-agent': 'curl/8.5.0' };
  const response = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', headers: more, body });
  await response.text();
  return response.status;
};
const get = (path: string, as: Asker['headers']) => bench.ask({ path, as });

describe('usage', () => {
  it('is told to whom it belongs, and all of it to administrators', async () => {
    const [mine, theirs] = [await keyOf(bench.user), await keyOf(bench.admin, { name: 'other' })];
    answer = callAnswer();
    await ask(mine);
    await ask(mine, { stream: true });
    await ask(theirs);
    isFull = true;
    expect(await ask(mine)).toBe(429);
    expect(await ask(mine, { messages: 1 })).toBe(400);
    const own = await get('/usage?group=key,model', mine.headers);
    const agent = { id: mine.id, name: 'agent' };
    expect(own.body).toMatchObject({ total: 2, page: 1 });
    expect(own.body.items).toMatchObject([
      { key: agent, model: '', requests: 1, failures: { request: 1 } },
      {
        ...{ key: agent, model: 'm', requests: 3, failures: { limit: 1 }, abandoned: 0 },
        tokens: { prompt: 14, completion: 6, cached: 4 },
        calls: { made: 2, valid: 2, mended: 0, cut: 0, failed: 0 },
        times: { queue: { count: 2, p50Ms: 3 }, firstToken: { count: 2 }, total: { count: 2 } },
      },
    ]);
    const all = (await get('/usage?group=user&interval=hour', admin)).body.items;
    expect(all.map((sum: { user: { name: string }; requests: number }) => [sum.user.name, sum.requests])).toEqual(
      expect.arrayContaining([
        ['ann', 4],
        ['root', 1],
      ]),
    );
    expect(all[0].startAt % 3_600).toBe(0);
    expect((await get('/usage', admin)).body.items).toMatchObject([{ requests: 5 }]);
  });

  it('is still told when its key is gone', async () => {
    const key = await keyOf(bench.user);
    await ask(key);
    await bench.meter.settle();
    await bench.ask({ method: 'DELETE', path: `/keys/${key.id}`, as: admin });
    expect((await get('/usage?group=key', admin)).body.items).toMatchObject([
      { key: { id: key.id, name: '' }, requests: 1 },
    ]);
  });

  it('comes as CSV that no spreadsheet computes', async () => {
    const key = await keyOf(bench.user, { name: '=HYPERLINK("http://evil","x")' });
    await ask(key);
    const { status, text, headers } = await get('/usage?group=key,model&interval=day', {
      ...admin,
      accept: 'text/csv',
    });
    expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
    const [titles = '', line = '', ...rest] = text.split('\r\n');
    expect(titles).toMatch(/^start,key_id,key,model,requests,failed_by_request,/);
    expect(line).toMatch(/^\d{4}-\d\d-\d\dT00:00:00\.000Z,key_\w+,"'=HYPERLINK\(""http:\/\/evil"",""x""\)",m,1,0,/);
    expect(line.split(',').length - 1).toBe(titles.split(',').length);
    expect(rest).toEqual(['']);
    expect((await get('/usage?format=csv', admin)).text).toMatch(/^requests,/);
  });

  it.each(['from=5&to=5', 'group=owner', 'interval=minute', 'from=-1', 'format=xml'])(
    '%s is refused',
    async (query) => {
      expect((await get(`/usage?${query}`, admin)).status).toBe(400);
    },
  );
});

describe('captures', () => {
  const mask = ['request.messages[*].content'];

  it('are made once a key wants them, masked, and seen by its owner and administrators alone', async () => {
    const key = await keyOf(bench.user);
    await ask(key);
    const patch = { method: 'PATCH', path: `/keys/${key.id}`, as: key.headers, body: { capture: { mask } } } as const;
    expect((await bench.ask(patch)).body.capture).toEqual({ mask });
    expect(JSON.parse(bench.auditLines.at(-1) ?? '')).toMatchObject({
      action: 'key.edit',
      detail: 'capture (capture is on now)',
    });
    answer = [
      { type: 'start', choice: 0, id: 'x' },
      { type: 'text-delta', choice: 0, text: 'Hello My name is Rumpel' },
      { type: 'text-delta', choice: 0, text: 'stilzchen.!' },
      ...textAnswer('').slice(-3),
    ];
    await ask(key);
    const list = await get(`/keys/${key.id}/captures`, key.headers);
    expect(list.body).toMatchObject({
      total: 1,
      items: [{ keyId: key.id, model: 'org/nano', outcome: 'stop', promptTokens: 7 }],
    });
    const [{ id }] = list.body.items;
    const shown = await get(`/captures/${id}`, key.headers);
    expect(shown.body.transcript.request.messages).toEqual([{ role: 'user', content: '[masked]' }]);
    expect(shown.text).not.toContain('stilzchen');
    expect((await get(`/captures/${id}`, admin)).status).toBe(200);
    expect(JSON.parse(bench.auditLines.at(-1) ?? '')).toMatchObject({
      action: 'capture.read',
      actorId: expect.any(String),
      targetId: id,
    });

    const ownerAgain = (await bench.asker('management key of a user')).headers;
    expect((await get(`/captures/${id}`, ownerAgain)).status).toBe(200);
    const other = await keyOf(await bench.addUser('eve', 'user'));
    for (const path of [`/captures/${id}`, `/keys/${key.id}/captures`])
      expect((await get(path, other.headers)).status, path).toBe(404);

    expect((await bench.ask({ ...patch, body: { capture: null } })).body).not.toHaveProperty('capture');
    expect(JSON.parse(bench.auditLines.at(-1) ?? '').detail).toBe('capture (capture is off now)');
    await ask(key);
    expect((await get(`/keys/${key.id}/captures`, admin)).body.total).toBe(1);
    await bench.ask({ method: 'DELETE', path: `/keys/${key.id}`, as: admin });
    expect((await get(`/captures/${id}`, admin)).status).toBe(404);
  });

  const report = async (path: string, headers: object, stream: boolean) => {
    const said = path.endsWith('/chat/completions') ? { messages } : { prompt: 'My name is Rumpelstilzchen.' };
    const body = JSON.stringify({ model: 'org/nano', ...said, stream });
    const response = await fetch(server.url + path, { method: 'POST', headers: { ...headers }, body });
    const text = await response.text();
    const chunks = text.split('\n').filter((line) => line.startsWith('data: {'));
    expect(response.status, text).toBe(200);
    const last = stream ? (chunks.at(-1) ?? '').slice('data: '.length) : text;
    const { trace, warnings } = JSON.parse(last).aimindserve;
    return { text, trace, codes: warnings.map(({ code }: { code: string }) => code), headers: response.headers };
  };

  it.each([
    ['/v1/chat/completions', false],
    ['/v1/chat/completions', true],
    ['/v1/completions', false],
    ['/v1/completions', true],
  ])('are in the answer of %s (stream: %s) of those who ask, masked, and in no other', async (path, stream) => {
    answer = textAnswer('Hello My name is Rumpelstilzchen.!');
    const key = await keyOf(bench.user);
    const asking = { ...key.headers, 'x-aimindserve-report': 'trace' };
    const before = await report(path, asking, stream);
    expect([before.trace, before.codes]).toEqual([undefined, ['trace_not_shown']]);
    expect(before.headers.get('x-aimindserve-warnings')).toBe('trace_not_shown');

    const body = { capture: { mask: [...mask, 'request.prompt'] } };
    await bench.ask({ method: 'PATCH', path: `/keys/${key.id}`, as: admin, body });
    const { trace, codes, headers } = await report(path, asking, stream);
    expect(trace.request).toMatchObject({ model: 'org/nano', stream });
    expect(trace.answer.choices[0].text).toBe('Hello [masked]!');
    expect(trace.events.map(({ type }: { type: string }) => type)).toEqual(
      expect.arrayContaining(['start', 'text-delta', 'finish', 'usage', 'report']),
    );
    expect([trace.isCut, JSON.stringify(trace)]).toEqual([false, expect.not.stringContaining('stilzchen')]);
    expect([codes, headers.get('x-aimindserve-warnings')]).toEqual([[], null]);
    const [{ id }] = (await get(`/keys/${key.id}/captures`, admin)).body.items;
    const { transcript } = (await get(`/captures/${id}`, admin)).body;
    expect(transcript).toEqual(trace);

    expect((await report(path, { ...asking, 'x-aimindserve-report': '1' }, stream)).trace).toBeUndefined();

    const other = { ...(await keyOf(bench.user, { name: 'other' })).headers, 'x-aimindserve-report': 'trace' };
    expect((await report(path, other, stream)).trace).toBeUndefined();
  });

  it.each([['messages'], ['request..x'], ['request[x]'], ['arguments.a b'], ['x'.repeat(300)]])(
    'are not masked by %s: it is refused',
    async (path) => {
      const key = await keyOf(bench.user);
      const body = { capture: { mask: [path] } };
      const { status, body: told } = await bench.ask({ method: 'PATCH', path: `/keys/${key.id}`, as: admin, body });
      expect([status, told.error.param]).toEqual([400, 'capture.mask[0]']);
    },
  );
});

describe('clients', () => {
  it('are told with what they send that is not the protocol', async () => {
    const key = await keyOf(bench.user);
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: {} } };
    const history = [
      ...messages,
      { role: 'assistant', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c', content: '' },
    ];
    await ask(key, { functions: [{ name: 'f', parameters: [] }], user: 'me', store: true });
    await ask(key, { messages: history, tools: [{ name: 'f', parameters: {} }] });
    const { items } = (await get('/clients', admin)).body;
    expect(items).toMatchObject([{ name: 'curl 8.5.0', requests: 2 }]);
    expect(items[0].deviations).toMatchObject({
      functions: 1,
      bare_tools: 1,
      arguments_as_object: 1,
      'ignored_field store': 1,
    });
    expect((await get('/clients', key.headers)).status).toBe(403);
  });
});
