import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../../base/errors.ts';
import type { ChatEvent } from '../../chat/event.ts';
import { type FoldedAnswer, Folder } from '../../chat/fold.ts';
import { ChunkReader } from './client-chunks.ts';
import { ChunkEncoder } from './frames.ts';

function read(datas: readonly string[]): { readonly answer: FoldedAnswer; readonly events: readonly ChatEvent[] } {
  let fresh = 0;
  const reader = new ChunkReader({ who: 'The remote', newCallId: () => `fresh-${++fresh}` });
  const events = [...datas.flatMap((data) => reader.push(data)), ...reader.end()];
  return { answer: foldAll(events), events };
}

function foldAll(events: readonly ChatEvent[]): FoldedAnswer {
  const folder = new Folder();
  for (const event of events) folder.add(event);
  return folder.result();
}

const chunk = (delta: unknown, finish: string | null = null): string =>
  JSON.stringify({ id: 'r', choices: [{ index: 0, delta, finish_reason: finish }] });
const calls = (...entries: readonly unknown[]): string => chunk({ tool_calls: entries });
const entry = (index: number | undefined, id: string | null, name: string | null, text: unknown) => ({
  index,
  id,
  type: 'function',
  function: { name, arguments: text },
});
const end = [chunk({}, 'tool_calls'), '[DONE]'];

type Call = readonly [id: string, name: string, json: string];
const callsOf = (datas: readonly string[]): readonly Call[] =>
  read([...datas, ...end]).answer.choices[0]?.calls.map((call) => [call.id, call.name, call.arguments]) ?? [];

const oslo = '{"city":"Oslo"}';
const rome = '{"city":"Rome"}';

/** What servers were seen to send, and what is meant. */
const quirks: ReadonlyArray<readonly [string, readonly string[], readonly Call[]]> = [
  [
    'pieces after a head',
    [
      calls(entry(0, 'a', 'f', '')),
      calls({ index: 0, function: { arguments: '{"city":' } }),
      calls(entry(0, null, null, '"Oslo"}')),
    ],
    [['a', 'f', oslo]],
  ],
  [
    'parallel calls that interleave',
    [
      calls(entry(0, 'a', 'f', ''), entry(1, 'b', 'g', '')),
      calls(entry(1, null, null, '{"city":')),
      calls(entry(0, null, null, '{"city":"Os')),
      calls(entry(1, null, null, '"Rome"}'), entry(0, null, null, 'lo"}')),
    ],
    [
      ['a', 'f', oslo],
      ['b', 'g', rome],
    ],
  ],
  [
    'no index',
    [calls(entry(undefined, 'a', 'f', oslo)), calls(entry(undefined, 'b', 'f', rome))],
    [
      ['a', 'f', oslo],
      ['b', 'f', rome],
    ],
  ],
  [
    'no index, no id, in pieces',
    [calls({ function: { name: 'f', arguments: '{"city":' } }), calls({ function: { arguments: '"Oslo"}' } })],
    [['fresh-1', 'f', oslo]],
  ],
  [
    'no index, two calls in one chunk',
    [calls(entry(undefined, '', 'f', oslo), entry(undefined, '', 'f', rome))],
    [
      ['fresh-1', 'f', oslo],
      ['fresh-2', 'f', rome],
    ],
  ],
  [
    'an index only from the second piece on',
    [calls({ id: 'a', function: { name: 'f', arguments: '{"city":' } }), calls(entry(0, null, null, '"Oslo"}'))],
    [['a', 'f', oslo]],
  ],
  [
    'index 0 for all',
    [calls(entry(0, 'a', 'f', oslo)), calls(entry(0, 'b', 'g', rome))],
    [
      ['a', 'f', oslo],
      ['b', 'g', rome],
    ],
  ],
  [
    'index 0 for all, no ids',
    [calls(entry(0, '', 'f', oslo)), calls(entry(0, '', 'g', '')), calls(entry(0, '', '', rome))],
    [
      ['fresh-1', 'f', oslo],
      ['fresh-2', 'g', rome],
    ],
  ],
  [
    'arguments of two calls in one text',
    [calls(entry(0, 'a', 'f', oslo + rome))],
    [
      ['a', 'f', oslo],
      ['fresh-1', 'f', rome],
    ],
  ],
  [
    'the whole call once more at the end',
    [calls(entry(0, 'a', 'f', oslo)), calls(entry(0, 'a', 'f', oslo))],
    [['a', 'f', oslo]],
  ],
  [
    'empty ids and names in later pieces',
    [calls(entry(0, 'a', 'f', '{"city":')), calls(entry(0, '', '', '"Oslo"}'))],
    [['a', 'f', oslo]],
  ],
  [
    'the name with every piece',
    [calls(entry(0, 'a', 'f', '')), calls(entry(0, 'a', 'f', '{"city":')), calls(entry(0, 'a', 'f', '"Oslo"}'))],
    [['a', 'f', oslo]],
  ],
  [
    'another id with every piece',
    [calls(entry(0, 'a', 'f', '')), calls(entry(0, 'b', null, '{"city":')), calls(entry(0, 'c', null, '"Oslo"}'))],
    [['a', 'f', oslo]],
  ],
  [
    'a name in pieces',
    [calls(entry(0, 'a', 'edit_ex', '')), calls(entry(0, 'a', 'isting', '')), calls(entry(0, null, null, oslo))],
    [['a', 'edit_existing', oslo]],
  ],
  ['an empty name first', [calls(entry(0, 'a', '', '')), calls(entry(0, 'a', 'f', oslo))], [['a', 'f', oslo]]],
  ['arguments that are an object', [calls(entry(0, 'a', 'f', { city: 'Oslo' }))], [['a', 'f', oslo]]],
  [
    'no arguments',
    [calls(entry(0, 'a', 'f', null)), calls(entry(1, 'b', 'g', ''))],
    [
      ['a', 'f', ''],
      ['b', 'g', ''],
    ],
  ],
  [
    'a phantom without name and arguments',
    [calls(entry(0, 'a', 'f', oslo)), calls(entry(1, '', '', ''))],
    [['a', 'f', oslo]],
  ],
  [
    'one id for two calls',
    [calls(entry(0, 'x', 'f', oslo)), calls(entry(1, 'x', 'f', rome))],
    [
      ['x', 'f', oslo],
      ['fresh-1', 'f', rome],
    ],
  ],
  [
    'function_call',
    [chunk({ function_call: { name: 'f', arguments: '' } }), chunk({ function_call: { arguments: oslo } })],
    [['fresh-1', 'f', oslo]],
  ],
  [
    'braces and escapes inside strings',
    [calls(entry(0, 'a', 'f', '{"x":"}\\')), calls(entry(0, null, null, '"{"}'))],
    [['a', 'f', '{"x":"}\\"{"}']],
  ],
];

describe('calls', () => {
  it.each(quirks)('with %s', (_, datas, expected) => {
    expect(callsOf(datas)).toEqual(expected);
  });

  it('are passed on as they come, the first one at least', () => {
    const reader = new ChunkReader({ who: 'The remote', newCallId: () => 'fresh' });
    expect(reader.push(calls(entry(0, 'a', 'f', '')))).toEqual([]);
    expect(reader.push(calls(entry(0, null, null, '{"ci'))).map(({ type }) => type)).toEqual([
      'start',
      'call-start',
      'call-delta',
    ]);
    expect(reader.push(calls(entry(1, 'b', 'g', '{}')))).toEqual([]);
    const types = reader.push(calls(entry(0, null, null, 'ty":1}'))).map(({ type }) => type);
    expect(types).toEqual(['call-delta', 'call-end', 'call-start', 'call-delta']);
  });

  it.each([
    ['length', 'cut', 'length'],
    ['stop', 'broken', 'tool_calls'],
  ])('that are not whole when the answer ends by %s are %s', (finish, outcome, reason) => {
    const { answer } = read([calls(entry(0, 'a', 'f', '{"ci')), chunk({}, finish)]);
    expect(answer.choices[0]).toMatchObject({ finish: reason, calls: [{ arguments: '{"ci', outcome }] });
  });

  it('without a name, or too many, are errors of the engine', () => {
    expect(() => read([calls(entry(0, 'a', '', oslo)), ...end])).toThrow(
      expect.objectContaining({ code: 'engine_protocol' }),
    );
    expect(() => read([calls(entry(0, 'a', 'f', '{}'.repeat(2_000).replaceAll('{}{', '{}{"a":1}{')))])).toThrow(
      expect.objectContaining({ code: 'engine_protocol' }),
    );
  });
});

describe('texts', () => {
  it.each([
    ['reasoning_content', { reasoning_content: 'hm' }, { reasoning: 'hm', text: '' }],
    ['reasoning', { reasoning: 'hm', content: null }, { reasoning: 'hm', text: '' }],
    ['both names of reasoning once', { reasoning: 'hm', reasoning_content: 'hm' }, { reasoning: 'hm', text: '' }],
    ['a refusal', { refusal: 'No.' }, { reasoning: '', text: 'No.' }],
    [
      'parts',
      {
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
          { type: 'text', text: 'Hi' },
        ],
      },
      { reasoning: 'hm', text: 'Hi' },
    ],
  ])('of %s', (_, delta, expected) => {
    expect(read([chunk(delta), chunk({}, 'stop')]).answer.choices[0]).toMatchObject(expected);
  });

  it('between calls keep their place, and wait for the call before them', () => {
    const { events } = read([
      calls(entry(0, 'a', 'f', '{"a":')),
      chunk({ content: 'and' }),
      calls(entry(0, null, null, '1}')),
      ...end,
    ]);
    expect(events.map(({ type }) => type)).toEqual([
      'start',
      'call-start',
      'call-delta',
      'call-delta',
      'call-end',
      'text-delta',
      'finish',
    ]);
  });

  it('carry their log probabilities', () => {
    const token = {
      token: 'Hi',
      logprob: -0.5,
      bytes: null,
      top_logprobs: [{ token: 'Ho', logprob: -1, bytes: [72, 111] }, {}],
    };
    const data = JSON.stringify({ choices: [{ delta: { content: 'Hi' }, logprobs: { content: [token, 7] } }] });
    expect(read([data, chunk({}, 'stop')]).answer.choices[0]?.logprobs).toEqual([
      { token: 'Hi', logprob: -0.5, bytes: [72, 105], top: [{ token: 'Ho', logprob: -1, bytes: [72, 111] }] },
    ]);
  });
});

describe('the end', () => {
  it('has the last usage, wherever it came', () => {
    const usage = (completion: number, choices: unknown = []) =>
      JSON.stringify({
        choices,
        usage: { prompt_tokens: 3, completion_tokens: completion, prompt_tokens_details: { cached_tokens: 2 } },
      });
    const { answer } = read([usage(1, null), chunk({ content: 'a' }), chunk({}, 'stop'), usage(5), '[DONE]']);
    expect(answer.usage).toEqual({ promptTokens: 3, completionTokens: 5, cachedTokens: 2 });
  });

  it('may come without a reason, but not without any end', () => {
    expect(read([chunk({ content: 'a' }), '[DONE]', 'rubbish behind it']).answer.choices[0]?.finish).toBe('stop');
    expect(() => read([chunk({ content: 'a' })])).toThrow(expect.objectContaining({ code: 'engine_crashed' }));
  });

  it('by a filter is said', () => {
    const { answer } = read([chunk({ content: 'a' }, 'content_filter')]);
    expect(answer).toMatchObject({ warnings: [{ code: 'content_filtered' }], choices: [{ finish: 'stop' }] });
  });

  it('of a body that is not streamed is the same', () => {
    const message = { role: 'assistant', content: null, tool_calls: [entry(undefined, 'a', 'f', oslo)] };
    const body = JSON.stringify({ id: 'r', choices: [{ index: 0, message, finish_reason: 'tool_calls' }], usage: {} });
    expect(read([body]).answer.choices[0]).toMatchObject({ finish: 'tool_calls', calls: [{ arguments: oslo }] });
  });
});

describe('failures', () => {
  it.each([
    ['{"error":{"message":"boom","type":"server_error","code":500}}', 'engine_protocol'],
    ['{"error":"boom"}', 'engine_protocol'],
    [
      '{"object":"error","message":"This model\'s maximum context length is 4 tokens","code":400}',
      'context_length_exceeded',
    ],
    ['{"error":{"message":"slow down","code":429}}', 'rate_limited'],
    ['not json', 'engine_protocol'],
    ['[]', 'engine_protocol'],
    ['7', 'engine_protocol'],
    [`{"choices":${'['.repeat(500)}${']'.repeat(500)}}`, 'engine_protocol'],
    [chunk({}, 'insufficient_system_resource'), 'engine_protocol'],
  ])('%s', (data, code) => {
    expect(() => read([chunk({ content: 'a' }), data, ...end])).toThrow(expect.objectContaining({ code }));
  });
});

const word = fc.constantFrom(
  '',
  'a',
  'f',
  'g',
  oslo,
  rome,
  '{',
  '}',
  '{}',
  '"',
  '\\',
  ' ',
  'length',
  'stop',
  null,
  7,
  {},
);
const wild = fc.record(
  {
    content: fc.oneof(word, fc.jsonValue()),
    reasoning: word,
    tool_calls: fc.oneof(
      fc.array(
        fc.record(
          {
            index: fc.oneof(fc.nat(3), word),
            id: word,
            function: fc.oneof(word, fc.record({ name: word, arguments: word })),
          },
          { requiredKeys: [] },
        ),
        { maxLength: 4 },
      ),
      word,
    ),
    function_call: fc.record({ name: word, arguments: word }),
  },
  { requiredKeys: [] },
);

const said = fc.oneof(
  fc.record({ text: fc.string({ minLength: 1 }) }),
  fc.record({
    name: fc.stringMatching(/^[a-z]{1,5}$/),
    value: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
  }),
);
type Said = { readonly text: string } | { readonly name: string; readonly value: unknown };

/** The frames of an answer, and the answer. */
function streamed(items: readonly Said[], size: number) {
  const events: ChatEvent[] = [{ type: 'start', id: 'r', choice: 0 }];
  let index = 0;
  for (const item of items) {
    if ('text' in item) {
      events.push({ type: 'text-delta', text: item.text, choice: 0 });
      continue;
    }
    events.push({ type: 'call-start', index, id: `call-${index}`, name: item.name, choice: 0 });
    const json = JSON.stringify(item.value);
    for (let at = 0; at < json.length; at += size)
      events.push({ type: 'call-delta', index, json: json.slice(at, at + size), choice: 0 });
    events.push({ type: 'call-end', index: index++, outcome: 'ok', choice: 0 });
  }
  events.push({ type: 'finish', reason: index > 0 ? 'tool_calls' : 'stop', choice: 0 });
  events.push({ type: 'usage', usage: { promptTokens: 1, completionTokens: 2, cachedTokens: 0 } });
  const reply = { stream: true, model: 'm', created: 0, includeUsage: true, envelope: false, report: false };
  const encoder = new ChunkEncoder(reply);
  const frames = events.map((event) => encoder.encode(event)).join('') + encoder.end();
  return { frames, folded: foldAll(events) };
}

describe('whatever comes', () => {
  it('folds, or is an error of the engine', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(wild, word), { maxLength: 12 }), (steps) => {
        const datas = steps.map(([delta, finish]) => JSON.stringify({ choices: [{ delta, finish_reason: finish }] }));
        try {
          expect(read([...datas, '[DONE]']).answer.choices).toHaveLength(1);
        } catch (thrown) {
          expect(isAppError(thrown) && thrown.kind).toBe('engine');
        }
      }),
      { seed: 7, numRuns: 2_000 },
    );
  });

  it('is read as it was meant where we streamed it', () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 6 }), fc.integer({ min: 1, max: 9 }), (items, size) => {
        const { frames, folded } = streamed(items, size);
        const datas = frames.split('\n\n').map((frame) => frame.replace(/^data: /, ''));
        expect(read(datas.flatMap((data) => data.split('\ndata: '))).answer).toEqual(folded);
      }),
      { seed: 7 },
    );
  });
});
