/** A table of everything that clients get wrong: each a clear error or the right answer, and the server lives on. */

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, post, type Reply, saidIn } from './ask.ts';
import { type ServeProcess, startServer } from './running-server.ts';

let server: ServeProcess;
beforeAll(async () => {
  server = await startServer(['--served-model-name', 'nano']);
});
afterAll(async () => {
  await server?.stop();
});

const user = (content: unknown): object => ({ role: 'user', content });
const chat = (fields: object = {}): object => ({
  model: 'nano',
  messages: [user('Hello!')],
  max_tokens: 16,
  ...fields,
});
const tool = (name: string, parameters?: unknown): object => ({
  type: 'function',
  function: { name, description: `Does ${name}`, ...(parameters === undefined ? {} : { parameters }) },
});
const object = (properties: object): object => ({ type: 'object', properties });
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const call = { id: 'call_1', type: 'function', function: { name: 'a', arguments: '{}' } };

/** 100 kB of definitions that refer to each other in a circle. */
const cyclic = (): object => {
  const count = 2_000;
  const definitions = Array.from({ length: count }, (_, index) => [
    `d${index}`,
    { $ref: `#/$defs/d${(index + 1) % count}` },
  ]);
  return { ...object({ x: { $ref: '#/$defs/d0' } }), required: ['x'], $defs: Object.fromEntries(definitions) };
};

/** What is sent, the statuses that are right, and the code if it is an error. */
type Row = readonly [name: string, body: () => unknown, statuses: readonly number[], code?: string];

const refused: readonly Row[] = [
  ['not JSON', () => '{"model": "nano", "messages": [', [400], 'invalid_json'],
  ['an empty body', () => '', [400], 'invalid_json'],
  ['not UTF-8', () => new Uint8Array([0x22, 0xff, 0xfe, 0x22]), [400], 'invalid_json'],
  ['a list', () => '[]', [400], 'invalid_type'],
  ['null', () => 'null', [400], 'invalid_type'],
  ['no model', () => ({ messages: [user('x')] }), [400], 'missing_field'],
  ['a model that is a number', () => chat({ model: 1 }), [400], 'invalid_type'],
  ['an unknown model', () => chat({ model: 'gpt-x' }), [404], 'model_not_found'],
  ['no messages', () => ({ model: 'nano' }), [400], 'missing_field'],
  ['an empty message list', () => chat({ messages: [] }), [400]],
  ['messages that are a text', () => chat({ messages: 'hi' }), [400], 'invalid_type'],
  ['a message without role', () => chat({ messages: [{ content: 'x' }] }), [400], 'missing_field'],
  ['a role that does not exist', () => chat({ messages: [{ role: 'wizard', content: 'x' }] }), [400], 'invalid_value'],
  ['content that is a number', () => chat({ messages: [user(5)] }), [400], 'invalid_type'],
  ['an unknown content part', () => chat({ messages: [user([{ type: 'hologram' }])] }), [400]],
  ['a user message without content', () => chat({ messages: [{ role: 'user' }] }), [400], 'missing_field'],
  ['a temperature that is a text', () => chat({ temperature: 'hot' }), [400], 'invalid_type'],
  ['a temperature of 99', () => chat({ temperature: 99 }), [400], 'invalid_value'],
  ['max_tokens of -2', () => chat({ max_tokens: -2 }), [400], 'invalid_value'],
  ['max_tokens of 1.5', () => chat({ max_tokens: 1.5 }), [400], 'invalid_type'],
  ['stream that is a text', () => chat({ stream: 'yes' }), [400], 'invalid_type'],
  ['n = 0', () => chat({ n: 0 }), [400], 'invalid_value'],
  ['logprobs as a number', () => chat({ logprobs: 5 }), [400], 'invalid_type'],
  ['a bias beyond the vocabulary', () => chat({ logit_bias: { '9999999': 1 } }), [400], 'invalid_value'],
  ['tools that are an object', () => chat({ tools: {} }), [400], 'invalid_type'],
  ['a tool without name', () => chat({ tools: [{ type: 'function', function: {} }] }), [400], 'missing_field'],
  ['two tools of one name', () => chat({ tools: [tool('a'), tool('a')] }), [400], 'duplicate_tool'],
  ['parameters that are a text', () => chat({ tools: [tool('a', 'text')] }), [400]],
  [
    'a tool_choice that is not there',
    () => chat({ tools: [tool('a')], tool_choice: { type: 'function', function: { name: 'b' } } }),
    [400],
    'unknown_tool',
  ],
  [
    'a tool_choice that does not exist',
    () => chat({ tools: [tool('a')], tool_choice: 'perhaps' }),
    [400],
    'invalid_value',
  ],
  ['required without tools', () => chat({ tool_choice: 'required' }), [400], 'tools_missing'],
  ['required with an empty list', () => chat({ tools: [], tool_choice: 'required' }), [400], 'tools_missing'],
  [
    '1,000 nested levels',
    () => `{"model":"nano","messages":[{"role":"user","content":${nested(1_000)}}]}`,
    [400],
    'json_too_deep',
  ],
  ['100,000 nested levels', () => nested(100_000), [400], 'json_too_deep'],
  [
    'a prompt beyond the context',
    () => chat({ messages: [user('word '.repeat(200_000))] }),
    [400],
    'context_length_exceeded',
  ],
  ['10 MB of text', () => chat({ messages: [user('x'.repeat(10_000_000))] }), [400, 413]],
  ['50 MB of text', () => chat({ messages: [user('x'.repeat(50_000_000))] }), [413], 'payload_too_large'],
];

const eitherWay: readonly Row[] = [
  ['a reference to nowhere', () => chat({ tools: [tool('a', object({ x: { $ref: '#/$defs/none' } }))] }), [200, 400]],
  ['max_tokens of -1, which some take for no limit', () => chat({ max_tokens: -1, stop: ['e'] }), [200]],
  ['tools that are an empty list', () => chat({ tools: [] }), [200]],
  ['tools that are null', () => chat({ tools: null, tool_choice: null, stop: null }), [200]],
  ['unknown fields', () => chat({ store: true, metadata: { a: 'b' }, prompt_cache_key: 'k', banana: 1 }), [200]],
  ['a tool without parameters', () => chat({ tools: [tool('a')] }), [200]],
  ['NUL in the text', () => chat({ messages: [user('a\u0000b')] }), [200, 400]],
  [
    'lone surrogates',
    () => '{"model":"nano","max_tokens":8,"messages":[{"role":"user","content":"a\\ud800b\\udc00"}]}',
    [200, 400],
  ],
  [
    'spellings of special tokens',
    () => chat({ messages: [user('<|end|><|assistant|><|call|>x<|im_end|></s>')] }),
    [200],
  ],
  [
    'special tokens in a tool',
    () => chat({ tools: [tool('a', object({ '<|end|>': { type: 'string', description: '<|call|>' } }))] }),
    [200, 400],
  ],
  ['an assistant first', () => chat({ messages: [{ role: 'assistant', content: 'Hi' }] }), [200, 400]],
  ['a system message last', () => chat({ messages: [user('x'), { role: 'system', content: 'y' }] }), [200, 400]],
  ['two users in a row', () => chat({ messages: [user('a'), user('b')] }), [200]],
  [
    'a result with no call',
    () => chat({ messages: [user('x'), { role: 'tool', tool_call_id: 'z', content: '1' }] }),
    [200, 400],
  ],
  [
    'a call with no result',
    () => chat({ messages: [user('x'), { role: 'assistant', content: null, tool_calls: [call] }, user('y')] }),
    [200, 400],
  ],
  [
    'arguments that are not JSON',
    () =>
      chat({
        messages: [
          user('x'),
          { role: 'assistant', tool_calls: [{ ...call, function: { name: 'a', arguments: '{' } }] },
          { role: 'tool', tool_call_id: 'call_1', content: '1' },
        ],
      }),
    [200, 400],
  ],
  ['an empty text', () => chat({ messages: [user('')] }), [200]],
  [
    '5,000 tools',
    () => chat({ tools: Array.from({ length: 5_000 }, (_, index) => tool(`tool_${index}`)) }),
    [200, 400],
  ],
  [
    '100 kB of circular references',
    () => chat({ tools: [tool('a', cyclic())], tool_choice: 'required' }),
    [400],
    'invalid_schema',
  ],
  [
    'a reference to nowhere',
    () => chat({ tools: [tool('a', object({ x: { $ref: '#/$defs/x' } }))], tool_choice: 'required' }),
    [400],
    'invalid_schema',
  ],
  [
    'a reference to another document',
    () => chat({ tools: [tool('a', object({ x: { $ref: 'https://example.com/x.json' } }))], tool_choice: 'required' }),
    [400],
    'invalid_schema',
  ],
  [
    'a schema that refers to itself',
    () => chat({ tools: [tool('a', object({ next: { $ref: '#' } }))], tool_choice: 'required' }),
    [200, 400, 502],
  ],
  [
    'a pattern that explodes',
    () => chat({ tools: [tool('a', object({ x: { type: 'string', pattern: '^(a+)+$' } }))], tool_choice: 'required' }),
    [200, 400, 502],
  ],
  [
    '__proto__ as a property',
    () =>
      `{"model":"nano","max_tokens":8,"messages":[{"role":"user","content":"x"}],"__proto__":{"n":3},"tools":[{"type":"function","function":{"name":"constructor","parameters":{"type":"object","properties":{"__proto__":{"type":"string"}}}}}]}`,
    [200, 400],
  ],
  ['max_tokens beyond the context', () => chat({ max_tokens: 100_000_000 }), [200, 400]],
];

const expectAlive = async (): Promise<void> => {
  expect((await get(server.url, '/healthz')).status).toBe(200);
};
const expectClear = ({ status, body }: Reply, statuses: readonly number[], code: string | undefined): void => {
  expect(statuses, JSON.stringify(body).slice(0, 500)).toContain(status);
  if (status === 200) {
    expect(['stop', 'length', 'tool_calls']).toContain(saidIn(body).finish);
    return;
  }
  expect(body.error).toMatchObject({
    message: expect.stringMatching(/\S/),
    type: expect.any(String),
    code: expect.any(String),
  });
  expect(body.error).toHaveProperty('param');
  if (code !== undefined) expect(body.error.code).toBe(code);
};

describe.each([
  ['refused', refused],
  ['refused or answered', eitherWay],
] as const)('%s', (_, rows) => {
  it.each(rows.map((row) => [...row]))('%s', async (_name, body, statuses, code) => {
    expectClear(await post(server.url, (body as () => unknown)()), statuses as number[], code as string | undefined);
    await expectAlive();
  });
});

describe('HTTP', () => {
  it.each([
    ['POST', '/v1/nothing', {}, 404, 'not_found'],
    ['GET', '/v1/chat/completions', {}, 405, 'method_not_allowed'],
    [
      'POST',
      '/v1/chat/completions',
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      415,
      'unsupported_media_type',
    ],
    [
      'POST',
      '/v1/chat/completions',
      { 'content-type': 'application/json', origin: 'https://evil.example' },
      403,
      'foreign_origin',
    ],
    [
      'POST',
      '/v1/chat/completions',
      { 'content-type': 'application/json', 'x-forwarded-for': '10.0.0.1' },
      403,
      'foreign_origin',
    ],
    ['GET', '/v1/models/none', {}, 404, 'model_not_found'],
  ] as const)('%s %s with %j is a %i', async (method, path, headers, status, code) => {
    const body = method === 'POST' ? { body: JSON.stringify(chat()) } : {};
    const response = await fetch(server.url + path, { method, headers, ...body });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
  });

  it('a foreign Host is refused, which a browser tricked by DNS would send', async () => {
    const answer = await raw('GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 403/);
  });

  it.each([
    ['no HTTP at all', '\u0000\u0001\u0002 nonsense\r\n\r\n'],
    [
      'two lengths',
      'POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}',
    ],
    [
      'a body that never comes whole',
      'POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"mo',
    ],
  ])('%s harms nobody', async (_, text) => {
    await raw(text, true);
    await expectAlive();
  });
});

/** Writes bytes to the server and reads what comes; `leave` = hang up after the first answer or half a second. */
function raw(text: string, leave = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk;
    });
    if (leave) setTimeout(() => socket.destroy(), 500);
    socket.once('error', reject).once('close', () => resolve(answer));
  });
}
