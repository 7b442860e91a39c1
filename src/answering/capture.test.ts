/** Transcripts: everything is in them but what is masked, and they are as long as may be. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../base/errors.ts';
import type { ChatEvent } from '../chat/event.ts';
import { Mask } from './capture-mask.ts';
import { Transcript } from './capture-transcript.ts';

const start = { type: 'start', choice: 0, id: 'x' } as const;
const finish = { type: 'finish', choice: 0, reason: 'tool_calls' } as const;
const deltas = (parts: readonly string[]): ChatEvent[] =>
  parts.map((text) => ({ type: 'text-delta', choice: 0, text }));
const call = (parts: readonly string[]): ChatEvent[] => [
  { type: 'call-start', choice: 0, index: 0, id: 'c1', name: 'pay' },
  ...parts.map((json): ChatEvent => ({ type: 'call-delta', choice: 0, index: 0, json })),
  { type: 'call-end', choice: 0, index: 0, outcome: 'ok' },
];

interface Said {
  readonly body?: unknown;
  readonly prompt?: string;
  readonly pieces?: readonly string[];
  readonly events?: readonly ChatEvent[];
  readonly mask?: readonly string[];
}

function transcriptOf({ body = {}, prompt = '', pieces = [], events = [], mask = [] }: Said): string {
  let nowMs = 0;
  const transcript = new Transcript(body, () => nowMs++);
  transcript.prompt([{ text: prompt, trusted: true }]);
  for (const text of pieces) transcript.piece({ text, tokens: 1 });
  for (const event of events) transcript.event(event);
  return transcript.close(new Mask(mask));
}

describe('a transcript', () => {
  it('holds the body, prompts, pieces with special tokens, events with their time, and the answer', () => {
    const transcript = new Transcript({ model: 'm' }, () => 5);
    transcript.prompt([
      { text: '<|im_start|>', trusted: true },
      { text: 'hi', trusted: false },
    ]);
    for (const text of ['Hel', 'lo']) transcript.piece({ text, tokens: 1 });
    transcript.piece({ text: '', special: '<|im_end|>', tokens: 1, end: 'stop' });
    for (const event of [start, ...deltas(['Hel', 'lo']), ...call(['{"a":', '1}']), finish]) transcript.event(event);
    expect(JSON.parse(transcript.close(new Mask([])))).toEqual({
      request: { model: 'm' },
      steps: [
        {
          kind: 'prompt',
          segments: [
            { text: '<|im_start|>', trusted: true },
            { text: 'hi', trusted: false },
          ],
        },
        { kind: 'pieces', pieces: ['Hel', 'lo', { special: '<|im_end|>' }] },
      ],
      events: [start, ...deltas(['Hel', 'lo']), ...call(['{"a":', '1}']), finish].map((event) => ({
        atMs: 0,
        ...event,
      })),
      answer: {
        choices: [
          {
            reasoning: '',
            text: 'Hello',
            calls: [{ id: 'c1', name: 'pay', arguments: '{"a":1}', outcome: 'ok' }],
            finish: 'tool_calls',
          },
        ],
      },
      isCut: false,
    });
  });

  it('of a failure holds its code and words, nothing of the inside', () => {
    const error = new EngineError('engine_crashed', 'It ended.', { internal: 'log of the engine' });
    const text = transcriptOf({ events: [{ type: 'error', error }] });
    expect(JSON.parse(text).events).toEqual([
      { atMs: expect.any(Number), type: 'error', error: { code: 'engine_crashed', message: 'It ended.' } },
    ]);
    expect(text).not.toContain('log of the engine');
  });

  it.each([
    ['a prompt', { prompt: 'p'.repeat(5_000_000) }],
    ['an answer', { events: [start, ...deltas(Array.from({ length: 40_000 }, () => 'x'.repeat(100))), finish] }],
    ['pieces', { pieces: Array.from({ length: 900_000 }, () => 'yes') }],
    ['a body', { body: { image: 'b'.repeat(9_000_000), many: 'ok' } }],
    ['a body of many parts', { body: Array.from({ length: 1_000_000 }, (_, index) => index) }],
  ])('is bounded, however long %s is, and says so', (what, said) => {
    const text = transcriptOf(said);
    expect(text.length).toBeLessThan(2_000_000);
    const { isCut, request, events } = JSON.parse(text);
    expect(isCut).toBe(true);
    if (what === 'a body') expect(request).toEqual({ image: expect.stringContaining('more characters'), many: 'ok' });
    else if (what.startsWith('a body')) expect(request).toContain('too long');
    if (what === 'an answer') expect(events.at(-1)).toMatchObject({ type: 'finish' });
  });
});

describe('masks', () => {
  const secret = 'Łukasz "Q" <4711>';
  const body = {
    user: 'a1b2c3d4',
    messages: [
      { role: 'user', content: `I am ${secret}.` },
      {
        role: 'assistant',
        tool_calls: [{ function: { name: 'pay', arguments: JSON.stringify({ iban: 'DE02 1203', to: 'x' }) } }],
      },
      { role: 'assistant', tool_calls: [{ function: { name: 'pay', arguments: { iban: 'DE02 1203' } } }] },
    ],
  };

  it('take out what their paths lead to, and leave the rest', () => {
    const mask = ['request.user', 'request.messages[0].content', 'arguments.iban'];
    const { request } = JSON.parse(transcriptOf({ body, mask }));
    expect(request).toEqual({
      user: '[masked]',
      messages: [
        { role: 'user', content: '[masked]' },
        { role: 'assistant', tool_calls: [{ function: { name: 'pay', arguments: '{"iban":"[masked]","to":"x"}' } }] },
        { role: 'assistant', tool_calls: [{ function: { name: 'pay', arguments: { iban: '[masked]' } } }] },
      ],
    });
  });

  it.each(['request', 'request.messages', 'request.messages[*].content', 'request.*[0].*'])(
    '%s keeps the same text out of the prompt and of the answer, however it is cut',
    (path) => {
      const content = `${secret}${secret.length}`;
      const escaped = JSON.stringify(content).slice(1, -1);
      fc.assert(
        fc.property(fc.array(fc.nat(content.length), { maxLength: 5 }), (cuts) => {
          const places = [0, ...cuts.sort((a, b) => a - b), content.length];
          const parts = places.slice(1).map((end, index) => content.slice(places[index], end));
          const text = transcriptOf({
            body: { messages: [{ content }] },
            prompt: `<|user|>${content}<|end|>`,
            pieces: ['You said: ', ...parts, escaped],
            events: [
              start,
              ...deltas(['So ', ...parts]),
              ...call(['{"a":"', ...parts.map((part) => JSON.stringify(part).slice(1, -1)), '"}']),
              finish,
            ],
            mask: [path],
          });
          for (const spelling of ['4711', 'Łukasz', '\\u0141ukasz']) expect(text).not.toContain(spelling);
          expect(text).toContain('You said: ');
          expect(text).toContain('[masked]');
        }),
        { numRuns: 40, seed: 6 },
      );
    },
  );

  it('reach into the arguments of the calls that the model makes, and of those it cannot finish', () => {
    const pieces = ['<tool_call>{"iban": "', 'DE02', ' 1203"}'];
    const whole = transcriptOf({
      pieces,
      events: [start, ...call(['{"iban":"DE', '02 1203","n":[1]}']), finish],
      mask: ['arguments.iban'],
    });
    expect(whole).not.toMatch(/1203/);
    expect(JSON.parse(whole).answer.choices[0].calls[0].arguments).toBe('{"iban":"[masked]","n":[1]}');
    const cut = transcriptOf({ events: [start, ...call(['{"iban":"DE02 12'])], mask: ['arguments.iban'] });
    expect(cut).not.toMatch(/DE02/);
  });

  it('withhold all texts where what is masked is too short to be found in them', () => {
    const text = transcriptOf({ body: { pin: 42 }, prompt: 'The pin is 42.', pieces: ['42'], mask: ['request.pin'] });
    expect(text).not.toContain('42');
    expect(JSON.parse(text).steps).toEqual([
      { kind: 'prompt', segments: [{ text: '[withheld]', trusted: true }] },
      { kind: 'pieces', pieces: ['[withheld]'] },
    ]);
  });

  it('withhold all texts of what was too long: a part of what is masked may stand at the edge', () => {
    const mask = ['request.name'];
    const long = transcriptOf({
      body: { name: secret },
      prompt: `${'x'.repeat(999_990)}${secret}`,
      pieces: [secret],
      mask,
    });
    const large = transcriptOf({ body: { name: secret, more: 'y'.repeat(600_000) }, prompt: secret, mask });
    for (const text of [long, large]) expect(text).not.toContain('ukasz');
    expect(JSON.parse(large)).toMatchObject({ request: expect.stringContaining('too long'), isCut: true });
  });

  it('take any body and any path', () => {
    const path = fc.constantFrom(
      'request',
      'request.*',
      'request[*]',
      'request.__proto__',
      'arguments',
      'arguments.*.a',
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(path, { maxLength: 3 }), (value, mask) => {
        const text = transcriptOf({ body: value, events: [start, ...call([JSON.stringify(value)])], mask });
        expect(JSON.parse(text).isCut).toBe(false);
      }),
    );
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect(transcriptOf({ events: [start, ...call([deep])], mask: ['arguments.a'] })).toContain('[withheld]');
  });
});
