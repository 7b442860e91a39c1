/** What models of these formats really write beside their calls, or instead of them, on engines that hold them to nothing. */

import { describe, expect, it } from 'vitest';
import type { Piece } from '../../chat/piece.ts';
import { compileGrammar } from '../../grammar/automaton.ts';
import type { Ask } from '../ask.ts';
import { askFor, readPieces, specialSpelling } from '../cases.contract.ts';
import { findFormat } from '../formats.ts';

const tools = ['get', 'get_weather'].map((name) => ({
  name,
  description: '',
  parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } },
  path: '',
}));

function formatOf(name: string) {
  const format = findFormat(name);
  if (format === undefined) throw new RangeError(`no format ${name}`);
  return format;
}

/** In letters or with special tokens, whole or letter by letter. */
function piecesOf(answer: string, special: boolean, size: number): Piece[] {
  return answer.split(special ? specialSpelling : /(?!)/).flatMap((part, index): Piece[] => {
    if (index % 2 === 1) return [{ text: '', special: part, tokens: 1 }];
    const chunks = size === Infinity ? [part] : [...part];
    return chunks.filter((text) => text !== '').map((text) => ({ text, tokens: 1 }));
  });
}

function read(name: string, answer: string, changes: Partial<Ask> = {}, ways = [false, true]) {
  const readings = ways.flatMap((special) =>
    [Infinity, 1].map((size) => {
      const plan = formatOf(name).answer(askFor(tools, changes));
      const { text, reasoning, calls } = readPieces(plan, piecesOf(answer, special, size));
      return { text, reasoning, calls: calls.map((call) => `${call.name}${call.arguments} ${call.outcome}`) };
    }),
  );
  for (const other of readings) expect(other).toEqual(readings[0]);
  return readings[0];
}

const city = '{"city": "Oslo"}';

describe('what stands beside calls', () => {
  it.each([
    ['harmony', '<|channel|>final<|message|>Hello.<|return|>', { text: 'Hello.' }],
    [
      'harmony',
      '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello.<|return|>',
      { reasoning: 'Hm.', text: 'Hello.' },
    ],
    [
      'harmony',
      `<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.get <|constrain|>json<|message|>${city}<|call|>`,
      { reasoning: 'Hm.', calls: [`get${city} ok`] },
    ],
    [
      'harmony',
      ` to=functions.get<|channel|>commentary <|constrain|>json<|message|>${city}<|call|>`,
      { calls: [`get${city} ok`] },
    ],
    ['harmony', `<|channel|>analysis to=functions.get code<|message|>${city}<|call|>`, { calls: [`get${city} ok`] }],
    [
      'command-a',
      '<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>Hi<|END_RESPONSE|>',
      { reasoning: 'Hm.', text: 'Hi' },
    ],
    ['kimi-k3', '<|open|>response<|sep|>Hi<|close|>response<|sep|>', { text: 'Hi' }],
    ['functionary-v3.2', 'all\nHi', { text: 'Hi' }],
    ['functionary-v3.2', `all\nWait.>>>get\n${city}`, { text: 'Wait.', calls: [`get${city} ok`] }],
    ['ernie-4.5', '<think>Hm.</think>\n<response>\nHi\n</response>', { reasoning: 'Hm.', text: 'Hi' }],
    [
      'gemma-4',
      '<|channel>thought\nHm.<channel|>Hi<|channel>thought\nAh.<channel|> there',
      { reasoning: 'Hm.Ah.', text: 'Hi there' },
    ],
    [
      'kimi-k2',
      `<think>Let me<|tool_call_begin|>functions.get:0<|tool_call_argument_begin|>${city}<|tool_call_end|>`,
      { reasoning: 'Let me', calls: [`get${city} ok`] },
    ],
    [
      'hermes',
      '<think>I might write <tool_call> here.</think>Hi',
      { reasoning: 'I might write <tool_call> here.', text: 'Hi' },
    ],
  ])('%s: %s', (name, answer, expected) => {
    expect(read(name, answer)).toEqual({ text: '', reasoning: '', calls: [], ...expected });
  });
});

describe('what is left out of calls', () => {
  it.each([
    ['qwen-3-coder', '<function=get>\n<parameter=city>\nOslo\n</parameter>\n</function>', '{"city":"Oslo"}'],
    [
      'qwen-3-coder',
      '<tool_call>\n<function=get>\n<parameter=city>Oslo</parameter></function></tool_call>',
      '{"city":"Oslo"}',
    ],
    [
      'qwen-3-coder',
      '<tool_call>\n<function=get>\n<parameter=city>\nOslo\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>',
      '{"city":"Oslo","days":3}',
    ],
    ['glm-4.5', '<tool_call>get</tool_call>', '{}'],
    ['glm-4.7', '<tool_call>get</tool_call>', '{}'],
    ['kimi-k2', `<|tool_call_begin|>get:0<|tool_call_argument_begin|>${city}<|tool_call_end|>`, city],
    [
      'deepseek-v3',
      `<｜tool▁call▁begin｜>function<｜tool▁sep｜>get\n\`\`\`json\n${city}\n\`\`\`<｜tool▁call▁end｜>`,
      city,
    ],
    ['mistral-v11', `[TOOL_CALLS]get${city}`, city],
    ['llama-3-json', `<|python_tag|>{"type": "function", "name": "get", "parameters": ${city}}`, city],
    ['phi-4-mini', `functools[{"name": "get", "arguments": ${city}}]`, city],
    ['jamba', `<tool_calls>[{"name": "get", "arguments": ${city}}`, city],
    ['xlam', `\`\`\`json\n[{"name": "get", "arguments": ${city}}]\n\`\`\``, city],
    ['llama-4-pythonic', "[get(city='Oslo')]", '{"city":"Oslo"}'],
    ['pythonic', '[get(days=-3, city="Oslo")]', '{"days":-3,"city":"Oslo"}'],
  ])('%s: %s', (name, answer, json) => {
    // `<function=get>` looks like a special token to the test, but never is one.
    const result = read(name, answer, { isUnheld: true }, name === 'qwen-3-coder' ? [false] : [false, true]);
    expect(result?.text.trim()).toBe('');
    expect(result?.calls.map((call) => call.replace(/(?<=[:,]) /g, ''))).toEqual([
      `get${json.replace(/(?<=[:,]) /g, '')} ok`,
    ]);
  });
});

it('takes a misspelled name for what is meant, where no grammar holds the model', () => {
  const answer = '<tool_call>\n{"name": "functions.getWeather", "arguments": {}}\n</tool_call>';
  expect(read('hermes', answer, { isUnheld: true })?.calls).toEqual(['functions.getWeather{} ok']);
  expect(read('hermes', answer)?.calls).toEqual([]);
  expect(read('glm-4.5', '<tool_call>Get Weather\n</tool_call>', { isUnheld: true })?.calls).toEqual([
    'Get Weather{} ok',
  ]);
  expect(read('hermes', answer.replace('getWeather', 'fly'), { isUnheld: true })?.calls).toEqual([]);
});

describe('JSON output', () => {
  const output = { type: 'json_object' } as const;
  it.each([
    ['harmony', '<|channel|>final<|message|>{"a": "<|end|>"}<|return|>', '{"a": "<|end|>"}'],
    ['command-a', '<|START_RESPONSE|>{"a": 1}<|END_RESPONSE|>', '{"a": 1}'],
    ['hermes', '{"a": "<tool_call>"}', '{"a": "<tool_call>"}'],
    ['functionary-v3.2', 'all\n{"a": 1}', '{"a": 1}'],
  ])('of %s stands where its plain answers stand', (name, answer, text) => {
    expect(read(name, answer, { output }, [false])).toEqual({ text, reasoning: '', calls: [] });
    const { grammar } = formatOf(name).answer(askFor(tools, { output })).constraint;
    const cursor = compileGrammar(grammar ?? { root: { kind: 'text', text: '' }, rules: {} }).start();
    expect(cursor.accept(new TextEncoder().encode(answer))).toBe(true);
    expect(cursor.mayEnd()).toBe(true);
  });
});
