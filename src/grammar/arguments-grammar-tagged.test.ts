import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../schema/json-schema.ts';
import { accepts, check, nothing, object, relaxed, start, takes, weather } from './arguments-grammar.contract.ts';
import type { TaggedNotation } from './notation.ts';

const encoder = new TextEncoder();

const tagged = (details: Partial<TaggedNotation>): TaggedNotation => ({
  kind: 'tagged',
  open: '<parameter=',
  middle: '>',
  close: '</parameter>',
  separator: '\n',
  pad: '',
  escapes: 'none',
  spacing: 'compact',
  ...details,
});

describe('tags around each argument', () => {
  const qwen = tagged({ pad: '\n' });
  const glm = tagged({ open: '<arg_key>', middle: '</arg_key>\n<arg_value>', close: '</arg_value>' });
  const minimax = tagged({ open: '<parameter name="', middle: '">', close: '</parameter>' });
  const dsml = tagged({
    open: '<｜DSML｜parameter name="',
    middle: '">',
    close: '</｜DSML｜parameter>',
    type: { open: '" string="', words: 'flag' },
  });
  const kimi = tagged({
    open: '<|open|>argument key="',
    middle: '"<|sep|>',
    close: '<|close|>argument<|sep|>',
    separator: '',
    type: { open: '" type="', words: 'type' },
  });

  it('as Qwen3-Coder writes them', () => {
    check(weather, qwen, {
      good: [
        '<parameter=city>\nOslo\n</parameter>',
        '<parameter=city>\n\n</parameter>',
        '<parameter=city>\n\nO</par\n"\n\n</parameter>\n<parameter=days>\n-3\n</parameter>',
        '<parameter=city>\na\n</parameter>\n<parameter=tags>\n["a", "b"]\n</parameter>\n<parameter=at>\n{"lat":1}\n</parameter>',
        '<parameter=city>\na\n</parameter>\n<parameter=unit>\nC\n</parameter>',
      ],
      bad: [
        '',
        '<parameter=city>Oslo</parameter>',
        '<parameter=city>\nOslo</parameter>',
        '<parameter=city>\nOs</parameter>\nlo\n</parameter>',
        '<parameter=city>\n</parameter>',
        '<parameter=city>\na\n</parameter><parameter=days>\n3\n</parameter>',
        '<parameter=city>\na\n</parameter>\n<parameter=days>\n"3"\n</parameter>',
        '<parameter=city>\na\n</parameter>\n<parameter=unit>\nK\n</parameter>',
        '<parameter=city>\na\n</parameter>\n<parameter=unit>\n"C"\n</parameter>',
        '<parameter=city>\na\n</parameter>\n<parameter=at>\n{}\n</parameter>',
        '<parameter=town>\na\n</parameter>',
      ],
    });
    check(nothing, qwen, { good: [''], bad: ['\n'] });
  });

  it('as GLM and MiniMax write them', () => {
    check(weather, glm, {
      good: [
        '<arg_key>city</arg_key>\n<arg_value> Oslo\n</arg_value>\n<arg_key>days</arg_key>\n<arg_value>3</arg_value>',
      ],
      bad: ['<arg_key>city</arg_key><arg_value>Oslo</arg_value>'],
    });
    check(weather, minimax, {
      good: ['<parameter name="city">Oslo</parameter>\n<parameter name="far">true</parameter>'],
      bad: ['<parameter name="city">Oslo</parameter>\n<parameter name="far">True</parameter>'],
    });
    const parts = [['<arg_key>'], 'city', ['</arg_key>'], '\n', ['<arg_value>'], 'O<slo', ['</arg_value>']] as const;
    expect(takes(start(weather, glm), parts)).toBe(true);
    expect(takes(start(weather, glm), [['<arg_key>'], 'city', ['</arg_key>'], ['<arg_value>']])).toBe(false);
  });

  it('may say whether the value is a string', () => {
    check(weather, dsml, {
      good: [
        '<｜DSML｜parameter name="city" string="true">Oslo</｜DSML｜parameter>\n<｜DSML｜parameter name="days" string="false">5</｜DSML｜parameter>',
      ],
      bad: [
        '<｜DSML｜parameter name="city" string="false">Oslo</｜DSML｜parameter>',
        '<｜DSML｜parameter name="city">Oslo</｜DSML｜parameter>',
      ],
    });
    const token = ['｜DSML｜'] as const;
    expect(
      takes(start(weather, dsml), ['<', token, 'parameter name="city" string="true">Os</', token, 'parameter>']),
    ).toBe(true);
    expect(takes(start(weather, dsml), ['<', token, 'parameter name="city" string="true">Os', token])).toBe(false);
    const either = object({ v: { type: ['string', 'integer'] } });
    check(either, dsml, {
      good: ['true">5', 'true">x', 'false">5'].map(
        (text) => `<｜DSML｜parameter name="v" string="${text}</｜DSML｜parameter>`,
      ),
      bad: ['false">x', 'false">"x"'].map((text) => `<｜DSML｜parameter name="v" string="${text}</｜DSML｜parameter>`),
    });
  });

  it('may name the type', () => {
    const written = (key: string, type: string, value: string): string =>
      `<|open|>argument key="${key}" type="${type}"<|sep|>${value}<|close|>argument<|sep|>`;
    const city = written('city', 'string', 'Oslo');
    check(weather, kimi, {
      good: [
        city,
        city + written('days', 'integer', '3'),
        city + written('days', 'number', '3'),
        city + written('far', 'boolean', 'true') + written('tags', 'array', '["a"]'),
        city + written('at', 'object', '{"lat":1}'),
      ],
      bad: [written('city', 'integer', 'Oslo'), city + written('far', 'string', 'true')],
    });
    const parts = [
      ['<|open|>'],
      'argument key="city" type="string"',
      ['<|sep|>'],
      'Oslo',
      ['<|close|>'],
      'argument',
      ['<|sep|>'],
    ] as const;
    expect(takes(start(weather, kimi), parts)).toBe(true);
    check(object({ v: true }), kimi, {
      good: [
        ['string', 'x'],
        ['null', 'null'],
        ['number', '5'],
        ['integer', '5'],
        ['array', '[]'],
        ['object', '{}'],
      ].map(([type = '', value = '']) => written('v', type, value)),
      bad: [written('v', 'null', 'x'), written('v', 'array', '{}')],
    });
  });

  it('may escape as XML does', () => {
    const xml = tagged({ open: '<param name="', middle: '">', close: '</param>', escapes: 'xml', separator: '' });
    check(object({ 'a&b': { type: 'string' }, c: { enum: ['<'] } }), xml, {
      good: ['<param name="a&amp;b">x &lt; y > "z" &quot;&apos;&gt;&amp;</param>', '<param name="c">&lt;</param>'],
      bad: [
        '<param name="a&b">x</param>',
        '<param name="a&amp;b">x < y</param>',
        '<param name="a&amp;b">x & y</param>',
        '<param name="a&amp;b">&nbsp;</param>',
        '<param name="c"><</param>',
      ],
    });
  });

  it('reads what may be a string as text', () => {
    const value = (schema: JsonSchema, text: string): boolean =>
      accepts(object({ v: schema }), minimax, `<parameter name="v">${text}</parameter>`);
    for (const any of [true, {}, { type: ['string', 'null'] }, { anyOf: [{ type: 'integer' }, { type: 'string' }] }])
      for (const text of ['', 'null', '5', 'x', '{"a":1}']) expect(value(any, text), text).toBe(true);
    const mode = { anyOf: [{ enum: ['auto', '5'] }, { type: 'null' }] };
    expect(['auto', '5', 'null'].map((text) => value(mode, text))).toEqual([true, true, true]);
    expect(['x', '"auto"', ''].map((text) => value(mode, text))).toEqual([false, false, false]);
    expect(relaxed(object({ v: mode }), minimax)).toEqual([]);
    expect(relaxed(object({ v: { type: ['string', 'null'], format: 'date', minLength: 2 } }), minimax)).toEqual([
      'format',
      'minLength',
    ]);
    const lists = { type: 'array', uniqueItems: true };
    expect(relaxed(object({ v: { anyOf: [{ enum: ['a'] }, lists] } }), minimax)).toContain('anyOf');
  });

  it('names other keys only where the schema asks for them', () => {
    const open = { ...object({ ab: { type: 'null' } }), additionalProperties: { type: 'integer' } };
    const written = (key: string, text: string): string => `<parameter name="${key}">${text}</parameter>`;
    check(open, minimax, {
      good: ['', written('ab', 'null'), `${written('ab', 'null')}\n${written('a', '1')}\n${written('abc', '2')}`],
      bad: [written('ab', '1'), written('', '1'), written('a"b', '1'), written('a', 'x')],
    });
    check({ type: 'object' }, minimax, { good: ['', written('a-b', 'x\ny')], bad: ['x'] });
    const odd = object({ 'a">b': { type: 'integer' }, 'a"b': { type: 'integer' }, 'a\nb': { type: 'integer' } });
    check(odd, minimax, { good: [written('a"b', '1')], bad: [written('a">b', '1'), written('a\nb', '1')] });
    expect(relaxed(odd, minimax)).toEqual(['properties']);
  });

  it('copies stretches that hold no mark', () => {
    const schema = object({ s: { type: 'string' } });
    const source = ['see Oslo Fjord </parameter> and & more'];
    const copies = (text: string): boolean => {
      const cursor = start(schema, minimax, source);
      return cursor.accept(encoder.encode(`<parameter name="s">${text}</parameter>`)) && cursor.mayEnd();
    };
    expect(['Oslo', 'Oslo Fjord', 'and'].map(copies)).toEqual([true, true, true]);
    expect(['Bergen', 'Fjord </parameter> and'].map(copies)).toEqual([false, false]);
  });
});
