/** Formats from files: what is read, and what is said of files that cannot be. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { promptText } from '../chat/prompt.ts';
import { askFor, readPieces } from './cases.contract.ts';
import { checkFormat, exampleTool } from './check-format.ts';
import { defineFormat } from './define-format.ts';
import { findFormat } from './formats.ts';
import { loadFormat } from './load-format.ts';
import { jsonCall, many, seq } from './syntax.ts';

const zebra = {
  name: 'zebra',
  kind: 'native',
  source: 'a test',
  models: 'Zebra 1',
  detect: { template: ['<zebra>'], names: ['zebra'] },
  calls: [
    '<zebra>',
    {
      kind: 'many',
      item: ['<call>', { kind: 'name', end: '>' }, { kind: 'args', notation: { kind: 'json' } }, '</call>'],
      separator: '\n',
    },
    '</zebra>',
  ],
  example: '<zebra><call>get_weather>{"city": "Oslo"}</call></zebra>',
  reasoning: { open: '<hm>', close: '</hm>' },
};
const load = (changes: object) => loadFormat(JSON.stringify({ ...zebra, ...changes }), 'zebra.json');
const failure = (changes: object): string => {
  try {
    load(changes);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    expect(error).toMatchObject({ kind: 'config', status: 78 });
    return error.message;
  }
  throw new TypeError('nothing was thrown');
};

describe('loadFormat', () => {
  it('reads a format that works like any of ours', () => {
    const { format, file } = load({});
    expect({ name: format.name, kind: format.kind, models: format.models, file }).toEqual({
      name: 'zebra',
      kind: 'native',
      models: 'Zebra 1',
      file: 'zebra.json',
    });
    const answer = `<hm>So.</hm>Look:${zebra.example}`;
    expect(readPieces(format.answer(askFor([exampleTool])), [{ text: answer, tokens: 1 }])).toMatchObject({
      reasoning: 'So.',
      text: 'Look:',
      calls: [{ name: 'get_weather', arguments: '{"city": "Oslo"}', outcome: 'ok' }],
    });
  });

  it('is found by its signs, and says that it is custom', () => {
    const facts = { name: 'Zebra-7B', architecture: '', template: 'a <zebra> b', specialTokens: [] };
    expect(load({}).format.detect(facts)).toMatchObject({
      score: expect.closeTo(1.95),
      evidence: ['custom: zebra.json', 'template has "<zebra>"', 'name has "zebra"'],
    });
    expect(load({}).format.detect({ ...facts, template: '' })).toEqual({ score: 0, evidence: [] });
    expect(load({ detect: undefined }).format.detect(facts).score).toBe(0);
  });

  it('tells a model how, where the template cannot', () => {
    const { format } = load({
      kind: 'prompted',
      instructions: { en: 'Tools:\n{tools}\nOf {names} write {call}', zh: '工具：{tools}' },
      results: { role: 'user', open: '<result>', close: '</result>' },
    });
    const tool = { name: 'get', description: 'Gets', parameters: { type: 'object' }, path: '' };
    expect(format.instructions?.(askFor([tool]))).toEqual([
      { text: 'Tools:\n', trusted: true },
      { text: '{"name":"get","description":"Gets","parameters":{"type":"object"}}', trusted: false },
      { text: '\nOf ', trusted: true },
      { text: 'get', trusted: false },
      { text: ' write ', trusted: true },
      { text: '<zebra><call>get>{}</call></zebra>', trusted: false },
    ]);
    expect(promptText(format.instructions?.(askFor([tool], { language: 'zh' })) ?? [])).toMatch(/^工具：\{"name"/);
    expect(format.instructions?.(askFor([tool], { choice: { type: 'none' } }))).toEqual([]);
    expect(promptText(format.renderResults([{ callId: 'a', name: 'get', content: '5' }]))).toBe('<result>5</result>');
  });

  it.each<[string, object, string | RegExp]>([
    ['no name', { name: undefined }, "zebra.json: missing: 'name'."],
    ['a name with blanks', { name: 'my format' }, /'name': must be up to 64 small letters/],
    ['an unknown property', { detected: {} }, /'detected': unknown property; known here: name, kind/],
    [
      'an unknown kind',
      { kind: 'nativ' },
      "zebra.json: Invalid value for 'kind': must be one of 'native', 'prompted'.",
    ],
    ['an unknown node', { calls: { kind: 'several' } }, /'calls\.kind': must be one of 'text', 'gap', 'name'/],
    [
      'a marker of the wrong type',
      { calls: ['<a>', 7] },
      "zebra.json: Invalid type for 'calls[1]': expected an object, but got a number.",
    ],
    [
      'an empty marker',
      { calls: ['', { kind: 'many', item: { kind: 'jsonCall' } }] },
      "zebra.json: Invalid value for 'calls[0]': must not be empty.",
    ],
    ['no many', { calls: ['<a>', { kind: 'jsonCall' }] }, /'calls': must be one 'many', or a list with exactly one/],
    ['two', { calls: [zebra.calls[1], zebra.calls[1]] }, /'calls': must be one 'many'/],
    [
      'a call without a name',
      { calls: { kind: 'many', item: ['<a>', { kind: 'args', notation: { kind: 'json' } }] } },
      /'calls': a call must hold one/,
    ],
    [
      'a name behind the arguments',
      {
        calls: {
          kind: 'many',
          item: [
            { kind: 'args', notation: { kind: 'json' } },
            { kind: 'name', end: 'x' },
          ],
        },
      },
      /'calls': a call must hold one/,
    ],
    [
      'an unknown notation',
      {
        calls: {
          kind: 'many',
          item: [
            { kind: 'name', end: '>' },
            { kind: 'args', notation: { kind: 'yaml' } },
          ],
        },
      },
      /'calls\.item\[1\]\.notation\.kind': must be one of 'json'/,
    ],
    [
      'a tag without its end',
      {
        calls: {
          kind: 'many',
          item: [
            { kind: 'name', end: '>' },
            { kind: 'args', notation: { kind: 'tagged', open: '<', middle: '>' } },
          ],
        },
      },
      "zebra.json: missing: 'calls.item[1].notation.close'.",
    ],
    ['a sign that is no text', { detect: { template: ['a', 1] } }, /'detect\.template\[1\]': expected a string/],
    ['prompted without instructions', { kind: 'prompted' }, "zebra.json: missing: 'instructions'."],
    ['instructions without tools', { instructions: 'Use them.' }, /'instructions': must hold \{tools\}/],
    [
      'another example',
      { example: '<zebra></zebra>' },
      /zebra\.json: the format does not keep its word\.\n {2}example: the syntax writes "<zebra><call>get_weather>/,
    ],
  ])('refuses %s and says where', (_, changes, message) => {
    expect(failure(changes)).toMatch(message);
  });

  it('refuses what is no JSON, or too deep', () => {
    expect(() => loadFormat('{', 'a.json')).toThrowError(/^a\.json: not JSON:/);
    for (const secret of ['hunter22', `root:x:${'0'.repeat(100)}`, `{"a": ${'hunter'.repeat(20)}}`])
      expect(() => loadFormat(secret, 'a.json')).toThrowError(/^a\.json: not JSON: Unexpected token '.'$/);
    expect(() => loadFormat('['.repeat(1000) + ']'.repeat(1000), 'a.json')).toThrowError(/nests more than/);
    let calls: unknown = 'x';
    for (let level = 0; level < 40; level++) calls = [calls];
    expect(failure({ calls })).toMatch(/nests more than 12 levels/);
  });
});

describe('loadFormat, whatever it is given,', () => {
  /** Some value of the file replaced by any other. */
  const spoilt = (value: unknown, path: readonly number[], other: unknown): unknown => {
    const [step, ...rest] = path;
    if (step === undefined || typeof value !== 'object' || value === null) return other;
    const keys = Object.keys(value);
    const key = keys[step % Math.max(1, keys.length)];
    const entries = Object.entries(value).map(([each, item]) => [
      each,
      each === key ? spoilt(item, rest, other) : item,
    ]);
    return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
  };

  it('takes it, or says in a ConfigError why not', () => {
    const words = fc.constantFrom('', '{', '<', '\n', 'tagged', 'many', 'seq', 'optional', 'keyCall', '\uffff');
    const node = fc.constantFrom({ kind: 'keyCall' }, { kind: 'gap' }, { kind: 'many', item: 'x' }, ['a'], {
      kind: 'id',
      end: ':',
    });
    const other = fc.oneof(fc.jsonValue({ maxDepth: 2 }), words, node);
    const path = fc.array(fc.nat(20), { minLength: 1, maxLength: 6 });
    const property = fc.property(path, other, (steps, value) => {
      try {
        loadFormat(JSON.stringify(spoilt(zebra, steps, value)) ?? '', 'spoilt.json');
      } catch (error) {
        expect(error).toMatchObject({ kind: 'config', message: expect.stringMatching(/^spoilt\.json: /) });
      }
    });
    fc.assert(property, { seed: 20_241_121, numRuns: 400 });
  });
});

describe('checkFormat', () => {
  it.each(['hermes', 'kimi-k2', 'llama-3-json', 'functionary-v3.2', 'react'])('finds nothing wrong with %s', (name) => {
    const format = findFormat(name);
    expect(format && checkFormat(format)).toEqual([]);
  });

  it('tells what a format cannot do', () => {
    const format = defineFormat({
      name: 'x',
      kind: 'native',
      source: '',
      models: '',
      detect: {},
      calls: many(seq('{', jsonCall())),
      example: '',
    });
    expect(checkFormat(format)).toContainEqual(expect.stringMatching(/^example: the syntax writes "\{\{/));
  });
});
