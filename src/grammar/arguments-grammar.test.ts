import { describe, expect, it } from 'vitest';
import type { JsonSchema, SchemaObject } from '../schema/json-schema.ts';
import { argumentsGrammar } from './arguments-grammar.ts';
import { type Cursor, compileGrammar } from './automaton.ts';
import type { Notation, TaggedNotation } from './notation.ts';

const encoder = new TextEncoder();

function start(schema: JsonSchema, notation: Notation, copyFrom?: readonly string[]): Cursor {
  const { node, rules } = argumentsGrammar(schema, notation, { rulePrefix: 't', ...(copyFrom && { copyFrom }) });
  return compileGrammar({ root: node, rules }).start();
}

function accepts(schema: JsonSchema, notation: Notation, text: string): boolean {
  const cursor = start(schema, notation);
  return cursor.accept(encoder.encode(text)) && cursor.mayEnd();
}

/** Parts that are special tokens stand in lists of one. */
function takes(cursor: Cursor, parts: readonly (string | readonly [string])[]): boolean {
  return parts.every((part) =>
    typeof part === 'string' ? cursor.accept(encoder.encode(part)) : cursor.acceptSpecial(part[0]),
  );
}

const relaxed = (schema: JsonSchema, notation: Notation): readonly string[] =>
  argumentsGrammar(schema, notation, { rulePrefix: 't' }).relaxed;

const object = (properties: Record<string, JsonSchema>, ...required: string[]): SchemaObject => ({
  type: 'object',
  properties,
  required,
});

const weather = object(
  {
    city: { type: 'string' },
    days: { type: 'integer' },
    far: { type: 'boolean' },
    unit: { enum: ['C', 'F'] },
    tags: { type: 'array', items: { type: 'string' } },
    at: object({ lat: { type: 'number' } }, 'lat'),
  },
  'city',
);
const nothing: JsonSchema = { type: 'object', properties: {}, additionalProperties: false };

function check(
  schema: JsonSchema,
  notation: Notation,
  texts: { good: readonly string[]; bad: readonly string[] },
): void {
  for (const text of texts.good) expect(accepts(schema, notation, text), text).toBe(true);
  for (const text of texts.bad) expect(accepts(schema, notation, text), text).toBe(false);
}

describe('JSON', () => {
  it('is what it is without notations', () => {
    check(
      weather,
      { kind: 'json', spacing: 'spaced' },
      { good: ['{"city": "Oslo", "days": 3}'], bad: ['{"days": 3}'] },
    );
  });
});

describe('Python', () => {
  const python: Notation = { kind: 'python', quote: '"' };

  it('are keyword arguments', () => {
    check(weather, python, {
      good: [
        'city="Oslo"',
        "city='Oslo'",
        'city="Oslo", days=3, far=True, unit=\'C\'',
        'city="Oslo",days=-3',
        'city="", tags=["a", \'b\'], at={"lat": 1.5}',
        "city=\"it's\\n\\u00e5 \\\\ \\\" \\'\", at={'lat':-1e5}",
      ],
      bad: [
        '',
        'city=Oslo',
        'days=3, city="Oslo"',
        'city="Oslo", ',
        'city="Oslo",  days=3',
        'city = "Oslo"',
        'city="a\nb"',
        'city="\\x41"',
        'city="\\ud83d"',
        'city="Oslo", far=true',
        'city="Oslo", unit="K"',
        'city="Oslo", at={}',
        'city="Oslo", more=1',
        'city="Oslo\'',
      ],
    });
    check(nothing, python, { good: [''], bad: ['x=1', ' '] });
  });

  it('has other names only where the schema asks for them', () => {
    const open: JsonSchema = { ...object({ ab: { type: 'null' } }), additionalProperties: { type: 'integer' } };
    check(open, python, {
      good: ['ab=None', 'ab=None, abc=1', 'a=1, b=2', ''],
      bad: ['ab=1', 'a=None', '=1', 'a b=1'],
    });
    check({ type: 'object' }, python, { good: ['', 'x={"a": [1, None, True, \'\']}'], bad: ['x'] });
    const dict = object({ d: { type: 'object', additionalProperties: { type: 'integer' } } });
    check(dict, python, { good: ['d={}', 'd={"a b": 1, \'\': 2}'], bad: ['d={a: 1}', 'd={"a": "b"}'] });
  });

  it('leaves out names that are no keywords', () => {
    const odd = object({ 'a b': { type: 'integer' }, 'a-b': { type: 'integer' }, 'c=': { type: 'integer' } }, 'c=');
    check(odd, python, { good: ['', 'a-b=1'], bad: ['a b=1', 'c==1'] });
    expect(relaxed(odd, python)).toEqual(['properties', 'required']);
  });

  it('follows references to itself', () => {
    const tree: JsonSchema = {
      ...object({ v: { type: 'integer' }, kids: { type: 'array', items: { $ref: '#' } } }, 'v'),
    };
    check(tree, python, { good: ['v=1, kids=[{"v": 2, "kids": [{"v": 3}]}]'], bad: ['v=1, kids=[v=2]'] });
  });

  it('keeps lengths, whichever the quotes', () => {
    const short = object({ s: { type: 'string', minLength: 1, maxLength: 2 } });
    check(short, python, { good: ['s="a"', "s='\\n\\''"], bad: ['s=""', "s='abc'"] });
    expect(relaxed(short, python)).toEqual([]);
  });

  it('accepts any keywords where no arguments would be valid', () => {
    expect(relaxed({ type: 'string' }, python)).toEqual(['type']);
    expect(accepts({ type: 'string' }, python, 'x=1')).toBe(true);
  });
});

describe('bare keys', () => {
  const gemma: Notation = { kind: 'bare', mark: '<|"|>', marked: 'strings' };
  const functionGemma: Notation = { kind: 'bare', mark: '<escape>', marked: 'scalars' };

  it('have strings between marks', () => {
    check(weather, gemma, {
      good: [
        '{city:<|"|>Oslo<|"|>}',
        '{city:<|"|>a, }{"\n<|"<|"|>,days:5,unit:<|"|>C<|"|>}',
        '{city:<|"|><|"|>,tags:[<|"|>a<|"|>,<|"|>b<|"|>],at:{lat:1.5}}',
      ],
      bad: ['{}', '{city:Oslo}', '{city:"Oslo"}', '{city:<|"|>Oslo<|"|>, days:5}', '{city:<|"|>a<|"|>b<|"|>}'],
    });
    check(nothing, gemma, { good: ['{}'], bad: ['', '{ }'] });
  });

  it('have all scalars between marks if the model writes them so', () => {
    check(weather, functionGemma, {
      good: [
        '{city:<escape>Oslo<escape>,days:<escape>5<escape>,far:<escape>true<escape>,unit:<escape>F<escape>}',
        '{city:<escape><escape>,tags:[<escape>a<escape>],at:{lat:<escape>1<escape>}}',
      ],
      bad: ['{city:<escape>Oslo<escape>,days:5}', '{city:<escape>Oslo<escape>,days:<escape>x<escape>}'],
    });
  });

  it('may have marks that are special tokens, but no other ones inside strings', () => {
    const mark = ['<|"|>'] as const;
    const cursor = start(weather, gemma);
    expect(takes(cursor.clone(), ['{city:', mark, 'Oslo', mark, ',days:1}'])).toBe(true);
    expect(takes(cursor.clone(), ['{city:<|"|>Os', mark, '}'])).toBe(true);
    expect(takes(cursor.clone(), ['{city:', mark, ['<eos>']])).toBe(false);
  });

  it('cannot write a string that holds the mark', () => {
    const schema = object({ s: { enum: ['a<|"|>b', 'c'] } }, 's');
    check(schema, gemma, { good: ['{s:<|"|>c<|"|>}'], bad: ['{s:<|"|>a<|"|>b<|"|>}'] });
  });

  it('relaxes lengths, and names open keys', () => {
    expect(relaxed(object({ s: { type: 'string', maxLength: 3 } }), gemma)).toEqual(['maxLength']);
    check({ type: 'object', additionalProperties: { type: 'null' } }, gemma, {
      good: ['{}', '{a:null,b-c:null}'],
      bad: ['{a:1}', '{:null}', '{a b:null}'],
    });
  });
});

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

describe('a tag for every property', () => {
  const plain: Notation = { kind: 'nested', start: ['<', '>'], end: ['</', '>'], separator: '', escapes: 'none' };
  const minimax: Notation = {
    kind: 'nested',
    start: [']<]minimax[>[<', '>'],
    end: [']<]minimax[>[</', '>'],
    item: 'item',
    separator: '',
    escapes: 'none',
  };
  const trip = object(
    {
      city: { type: 'string' },
      days: { type: 'integer' },
      tags: { type: 'array', items: { type: 'string' } },
      at: object({ lat: { type: 'number' }, names: { type: 'array', items: object({ n: { type: 'string' } }) } }),
    },
    'city',
  );

  it('with lists as repeated tags', () => {
    check(trip, plain, {
      good: [
        '<city>Oslo</city>',
        '<city></city><days>3</days>',
        '<city><b>x</b></city><tags>a</tags><tags>b</tags>',
        '<city>a</city><at><lat>1.5</lat><names><n>x</n></names><names></names></at>',
        '<city>a</city><at></at>',
      ],
      bad: ['', '<days>3</days>', '<city>Oslo</city><days>x</days>', '<city>Oslo</town>', '<city>a</city>x</city>'],
    });
  });

  it('with lists of items', () => {
    const tag = (name: string, text: string): string => `]<]minimax[>[<${name}>${text}]<]minimax[>[</${name}>`;
    check(trip, minimax, {
      good: [
        tag('city', 'Oslo'),
        tag('city', '<b></city>') + tag('tags', tag('item', 'a') + tag('item', 'b')),
        tag('city', '') + tag('tags', ''),
        tag('city', '') + tag('at', tag('names', tag('item', tag('n', 'x')) + tag('item', ''))),
      ],
      bad: [tag('city', '') + tag('tags', 'a'), tag('city', '') + tag('tags', 'a') + tag('tags', 'b')],
    });
    const token = [']<]minimax[>['] as const;
    expect(
      takes(start(trip, minimax), [token, '<city>Oslo', token, '</city>', token, '<days>3', token, '</days>']),
    ).toBe(true);
    expect(takes(start(trip, minimax), [token, '<city>Oslo', token, '</days>'])).toBe(false);
  });

  it('has leaves of JSON where no tag can be named', () => {
    const schema = object({
      map: { type: 'object', additionalProperties: { type: 'integer' } },
      open: { type: 'object' },
      rows: { type: 'array', items: { type: 'array', items: { type: 'integer' } } },
      any: true,
      'a b': { type: 'integer' },
    });
    check(schema, plain, {
      good: [
        '<map>{"x": 1, "y z": 2}</map>',
        '<open>{}</open>',
        '<rows>[1,2]</rows><rows>[]</rows>',
        '<any>{"x"</any>',
      ],
      bad: ['<map>{"x": "y"}</map>', '<open>x</open>', '<rows>1</rows>', '<a b>1</a b>'],
    });
    expect(relaxed(schema, plain)).toEqual(['properties']);
  });

  it('follows references to itself, and escapes as XML does', () => {
    const tree = object({ v: { type: 'string' }, kid: { $ref: '#' } });
    const xml: Notation = { ...plain, escapes: 'xml' };
    check(tree, xml, {
      good: ['', '<kid><v>a &lt; b</v><kid></kid></kid>'],
      bad: ['<kid><v>a < b</v></kid>', '<kid><kid></kid>'],
    });
  });
});
