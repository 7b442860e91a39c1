/** What Hermes models really write, on engines that hold them to nothing. */

import { describe, expect, it } from 'vitest';
import type { Piece } from '../../chat/piece.ts';
import { askFor, readPieces, toPieces } from '../cases.contract.ts';
import { hermes } from './hermes.ts';

const tool = (name: string) => ({ name, description: '', parameters: { type: 'object' }, path: '' });
const ask = askFor([tool('get'), tool('get_weather'), tool('查询')]);

/** The answer read whole, letter by letter and in threes. */
function read(answer: string, reason: 'stop' | 'length' = 'stop', changes: Partial<typeof ask> = {}) {
  const [whole, ...others] = [[Infinity], [1], [3]].map((sizes) => {
    const pieces = toPieces([{ text: answer, trusted: false }], { sizes, special: false });
    return readPieces(hermes.answer({ ...ask, ...changes }), pieces, reason);
  });
  for (const other of others) expect(other).toEqual(whole);
  const { text = '', reasoning = '', calls = [] } = whole ?? {};
  return { text, reasoning, calls: calls.map((call) => [call.name, call.arguments, call.outcome]) };
}

describe('hermes reads', () => {
  it.each([
    ['arguments first', '<tool_call>{"arguments": {"a": 1}, "name": "get"}</tool_call>', '{"a": 1}'],
    [
      'arguments first, with a name inside',
      '<tool_call>{"arguments": {"name": "x"}, "name": "get"}</tool_call>',
      '{"name": "x"}',
    ],
    ['parameters', '<tool_call>{"name": "get", "parameters": {"a": 1}}</tool_call>', '{"a": 1}'],
    ['no end tag', '<tool_call>\n{"name": "get", "arguments": {"a": 1}}', '{"a": 1}'],
    ['half an end tag', '<tool_call>\n{"name": "get", "arguments": {"a": 1}}\n</tool_', '{"a": 1}'],
    ['a missing brace', '<tool_call>\n{"name": "get", "arguments": {"a": 1}\n</tool_call>', '{"a": 1}'],
    ['a brace too many', '<tool_call>\n{"name": "get", "arguments": {"a": 1}}}\n</tool_call>', '{"a": 1}'],
    ['no blanks', '<tool_call>{"name":"get","arguments":{"a":1}}</tool_call>', '{"a":1}'],
    [
      'many blanks',
      '<tool_call>\r\n  {\r\n  "name" : "get" ,\r\n  "arguments" : { "a" : 1 }\r\n}\r\n</tool_call>',
      '{ "a" : 1 }',
    ],
    ['null', '<tool_call>\n{"name": "get", "arguments": null}\n</tool_call>', '{}'],
    ['an empty string', '<tool_call>\n{"name": "get", "arguments": ""}\n</tool_call>', '{}'],
    ['no arguments', '<tool_call>\n{"name": "get"}\n</tool_call>', '{}'],
    ['a string of JSON', '<tool_call>\n{"name": "get", "arguments": "{\\"a\\": 1}"}\n</tool_call>', '{"a": 1}'],
    [
      'other keys',
      '<tool_call>\n{"type": "function", "id": "7", "name": "get", "arguments": {"a": 1}, "x": [1]}\n</tool_call>',
      '{"a": 1}',
    ],
    [
      'arguments twice',
      '<tool_call>\n{"name": "get", "arguments": {"a": 1}, "arguments": {"a": 2}}\n</tool_call>',
      '{"a": 1}',
    ],
    [
      'markers in strings',
      '<tool_call>\n{"name": "get", "arguments": {"a": "</tool_call> <tool_call>"}}\n</tool_call>',
      '{"a": "</tool_call> <tool_call>"}',
    ],
  ])('%s', (_, answer, json) => {
    expect(read(answer)).toEqual({ text: '', reasoning: '', calls: [['get', json, 'ok']] });
  });

  it.each([
    ['single quotes', '<tool_call>\n{"name": "get", "arguments": {\'a\': \'}\'}}\n</tool_call>', "{'a': '}'}"],
    ['brackets left open', '<tool_call>\n{"name": "get", "arguments": {"a": {"b": 1</tool_call>', '{"a": {"b": 1'],
    ['a comment', '<tool_call>\n{"name": "get", "arguments": {"a": 1 // one\n}}\n</tool_call>', '{"a": 1 // one\n}}\n'],
    ['words', '<tool_call>\n{"name": "get", "arguments": Boston}\n</tool_call>', 'Boston}'],
    ['a list', '<tool_call>\n{"name": "get", "arguments": [1]}\n</tool_call>', '[1]}'],
    ['an open string', '<tool_call>\n{"name": "get", "arguments": {"a": "x', '{"a": "x'],
  ])('%s as a broken call, for others to mend', (_, answer, json) => {
    expect(read(answer)).toEqual({ text: '', reasoning: '', calls: [['get', json, 'broken']] });
  });

  it.each([
    ['an unknown tool', '<tool_call>\n{"name": "got", "arguments": {}}\n</tool_call>'],
    ['an unknown tool after its arguments', 'x<tool_call>{"arguments": {"a": [1]}, "name": "got"}</tool_call>'],
    ['the marker alone', 'Write <tool_call> and </tool_call> around it.'],
    ['no JSON', '<tool_call>\nget\n</tool_call>'],
    ['another shape', '<tool_call>{"tool": "get", "arguments": {}}</tool_call>'],
    ['a near miss', '<tool_calls>{"name": "get", "arguments": {}}</tool_calls>'],
    ['an endless name', `<tool_call>{"name": "${'get'.repeat(100)}", "arguments": {}}</tool_call>`],
    ['many blanks', `<tool_call>${'\n'.repeat(100)}{"name": "get"}</tool_call>`],
  ])('%s as text', (_, answer) => {
    expect(read(answer)).toEqual({ text: answer, reasoning: '', calls: [] });
  });

  it('several calls with text around them', () => {
    const one = '<tool_call>\n{"name": "get", "arguments": {}}\n</tool_call>';
    const two = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "北京"}}\n</tool_call>';
    expect(read(`One:\n\n${one}\n${two} three: \n<tool_call>${one}\n`)).toEqual({
      text: 'One:\n three: \n<tool_call>',
      reasoning: '',
      calls: [
        ['get', '{}', 'ok'],
        ['get_weather', '{"city": "北京"}', 'ok'],
        ['get', '{}', 'ok'],
      ],
    });
  });

  it('text behind a call that has no end tag, blanks and all', () => {
    expect(read('<tool_call>\n{"name": "get", "arguments": {}}\n\nDone.').text).toBe('\n\nDone.');
  });

  it('one call and no more where only one is allowed', () => {
    const one = '<tool_call>\n{"name": "get", "arguments": {}}\n</tool_call>';
    expect(read(`${one}\n${one}\nmore`, 'stop', { parallel: false }).calls).toEqual([['get', '{}', 'ok']]);
  });

  it('an opening before the last call is closed as the next call', () => {
    const open = '<tool_call>\n{"name": "get", "arguments": {"a": 1}}\n';
    expect(read(open + open).calls).toEqual([
      ['get', '{"a": 1}', 'ok'],
      ['get', '{"a": 1}', 'ok'],
    ]);
  });

  it('reasoning, whose markers are inert', () => {
    const answer = '<think>\nA <tool_call>\n{"name": "get", "arguments": {}} then\n</think>\n\nDone.';
    expect(read(answer)).toEqual({
      text: 'Done.',
      reasoning: 'A <tool_call>\n{"name": "get", "arguments": {}} then',
      calls: [],
    });
    expect(read('hm\n</think>\n\nDone.', 'stop', { promptEnd: 'reasoning' })).toMatchObject({
      text: 'Done.',
      reasoning: 'hm',
    });
    expect(read('Say <think>no</think>.')).toMatchObject({ text: 'Say <think>no</think>.', reasoning: '' });
  });

  it('JSON output with anything in it, or calls instead', () => {
    const output = { output: { type: 'json_object' as const } };
    const json = ' {"a": "<tool_call>\\n{"name": "get", "arguments": {}}</tool_call>"}';
    expect(read(json, 'stop', output)).toMatchObject({ text: json, calls: [] });
    const call = '<tool_call>\n{"name": "get", "arguments": {}}\n</tool_call>';
    expect(read(call, 'stop', output)).toMatchObject({ text: '', calls: [['get', '{}', 'ok']] });
  });

  it('an answer cut after the opening as a cut call, with the JSON that came', () => {
    expect(read('<tool_call>\n{"name": "get", "arg', 'length').calls).toEqual([['get', '', 'cut']]);
    expect(read('<tool_call>\n{"name": "get", "arguments": {"a": "x', 'length').calls).toEqual([
      ['get', '{"a": "x', 'cut'],
    ]);
    expect(read('<tool_call>\n{"name": "ge', 'length')).toMatchObject({ text: '<tool_call>\n{"name": "ge', calls: [] });
  });
});

describe('hermes reads in linear time', () => {
  // Each would take hours if what is held were looked through again for every piece.
  const big = JSON.stringify({ a: 'x'.repeat(1_000_000) });
  it.each([
    ['a megabyte of arguments', `<tool_call>\n{"name": "get", "arguments": ${big}}\n</tool_call>`, 1],
    ['a megabyte ahead of its name', `<tool_call>{"arguments": ${big}, "name": "get"}</tool_call>`, 1],
    ['markers upon markers', '<tool_call>{"arguments": {"a": "'.repeat(30_000), 0],
    ['a megabyte of id', `<tool_call>{"id": "${'x'.repeat(1_000_000)}`, 0],
    ['line breaks', '\n'.repeat(100_000), 0],
  ])('%s', (_, answer, calls) => {
    const pieces = toPieces([{ text: answer, trusted: false }], { sizes: [4], special: false });
    expect(readPieces(hermes.answer(ask), pieces).calls.length).toBe(calls);
  });
});

describe('hermes and special tokens', () => {
  const open: Piece = { text: '', special: '<tool_call>', tokens: 1 };
  const plan = hermes.answer(ask);

  it('a special marker opens, ends and is never text once it did', () => {
    const close: Piece = { text: '', special: '</tool_call>', tokens: 1 };
    const body: Piece = { text: '\n{"name": "get", "arguments": {"a": 1}}\n', tokens: 9 };
    expect(readPieces(plan, [open, body, close])).toMatchObject({ text: '', calls: [{ name: 'get', outcome: 'ok' }] });
    expect(readPieces(plan, [open, { text: '\n{"na', tokens: 2 }], 'length')).toMatchObject({ text: '', calls: [] });
    const half: Piece = { text: '\n{"name": "get", "arguments": {"a": "', tokens: 9 };
    expect(readPieces(plan, [open, half, close])).toMatchObject({ text: '', calls: [{ outcome: 'broken' }] });
  });

  it('other special tokens are not shown, failed markers are', () => {
    const other: Piece = { text: '', special: '<|fim_pad|>', tokens: 1 };
    expect(readPieces(plan, [{ text: 'a', tokens: 1 }, other, open, { text: 'b\uffff', tokens: 1 }]).text).toBe(
      'a<tool_call>b\uffff',
    );
  });
});

describe('hermes tells', () => {
  it('which calls began where the grammar does not bind', () => {
    const starts = (answer: string) =>
      hermes
        .answer(ask)
        .parser(() => 'id')
        .push({ text: answer, tokens: 1 });
    expect(starts('<tool_call>\n{"name": "get", "arguments": {')).toContainEqual({
      type: 'call-start',
      index: 0,
      id: 'id',
      name: 'get',
    });
    expect(starts('<tool_call>{"name":"get","arguments":{')).toContainEqual({
      type: 'call-start',
      index: 0,
      id: 'id',
      name: 'get',
      unbound: true,
    });
  });

  it('as soon as it knows, holding back no more than may become a marker', () => {
    const parser = hermes.answer(ask).parser(() => 'id');
    const push = (text: string) => parser.push({ text, tokens: 1 });
    expect(push('Hello <tool')).toEqual([{ type: 'text-delta', text: 'Hello ' }]);
    expect(push(' box')).toEqual([{ type: 'text-delta', text: '<tool box' }]);
    expect(push('\n<tool_call>\n{"name": "get"')).toMatchObject([{ type: 'call-start', name: 'get' }]);
    expect(push(', "arguments": {"a": "b')).toEqual([{ type: 'call-delta', index: 0, json: '{"a": "b' }]);
    expect(push('"}}')).toEqual([
      { type: 'call-delta', index: 0, json: '"}' },
      { type: 'call-end', index: 0, outcome: 'ok' },
    ]);
    expect(parser.end('stop')).toEqual([]);
  });

  it('what a template looks like that speaks it', () => {
    const score = (template: string) =>
      hermes.detect({ name: '', architecture: '', template, specialTokens: [] }).score;
    expect(score('<tools>{{ tool | tojson }}</tools> <tool_call>')).toBeGreaterThan(3);
    expect(score('<tools></tools><tool_call><function=x>')).toBe(0);
    expect(score('<|im_start|>')).toBe(0);
  });
});
