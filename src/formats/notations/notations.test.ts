/** Texts of model families, read in one piece, letter by letter and in other chunks, marks as letters and as tokens. */

import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../../chat/tool.ts';
import type { Notation } from '../../grammar/notation.ts';
import type { SyntaxOf } from '../syntax.ts';
import { bareArgs, nestedArgs, pythonArgs, type Syntax, taggedArgs } from '../syntax.ts';
import { readAnswer } from './feed.contract.ts';

const notationOf = (syntax: Syntax): Notation => {
  const args: readonly SyntaxOf<'args'>[] = syntax.kind === 'args' ? [syntax] : [];
  return args[0]?.notation ?? { kind: 'json', spacing: 'spaced' };
};

const families = {
  qwen3Coder: notationOf(taggedArgs(['<parameter=', '>'], '</parameter>', { pad: '\n', separator: '\n' })),
  glm45: notationOf(taggedArgs(['<arg_key>', '</arg_key>\n<arg_value>'], '</arg_value>', { separator: '\n' })),
  glm47: notationOf(taggedArgs(['<arg_key>', '</arg_key><arg_value>'], '</arg_value>')),
  minimaxM2: notationOf(taggedArgs(['<parameter name="', '">'], '</parameter>', { separator: '\n' })),
  dsml: notationOf(
    taggedArgs(['<｜DSML｜parameter name="', '">'], '</｜DSML｜parameter>', {
      separator: '\n',
      type: { open: '" string="', words: 'flag' },
    }),
  ),
  kimiK3: notationOf(
    taggedArgs(['<|open|>argument key="', '"<|sep|>'], '<|close|>argument<|sep|>', {
      type: { open: '" type="', words: 'type' },
    }),
  ),
  k2Horizon: notationOf(
    taggedArgs(['<ifm|arg_key>', '</ifm|arg_type><ifm|arg_value>'], '</ifm|arg_value>', {
      type: { open: '</ifm|arg_key><ifm|arg_type>', words: 'type' },
    }),
  ),
  minicpm5: notationOf(taggedArgs(['<param name="', '">'], '</param>', { escapes: 'xml' })),
  minimaxM3: notationOf(nestedArgs({ start: [']<]minimax[>[<', '>'], end: [']<]minimax[>[</', '>'], item: 'item' })),
  morph: notationOf(nestedArgs({ separator: '\n' })),
  morphXml: notationOf(nestedArgs({ escapes: 'xml' })),
  gemma4: notationOf(bareArgs('<|"|>')),
  functionGemma: notationOf(bareArgs('<escape>', 'scalars')),
  pythonic: notationOf(pythonArgs()),
} as const;
type Family = keyof typeof families;

const schema: JsonSchema = {
  type: 'object',
  properties: {
    city: { type: 'string' },
    days: { type: 'integer' },
    size: { type: 'number' },
    far: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string' } },
    place: {
      type: 'object',
      properties: { street: { type: 'string' }, number: { type: 'integer' }, near: { $ref: '#/properties/place' } },
    },
    maybe: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    mixed: { type: ['string', 'integer'] },
    unit: { enum: ['C', 'F'] },
    level: { enum: [1, 2] },
    open: {},
  },
};

const fences: Partial<Record<Family, readonly string[]>> = {
  qwen3Coder: ['</function>', '</tool_call>'],
  glm45: ['</tool_call>'],
  glm47: ['</tool_call>'],
  minimaxM2: ['</invoke>'],
  dsml: ['</｜DSML｜invoke>'],
  kimiK3: ['<|close|>call<|sep|>'],
  k2Horizon: ['</ifm|tool_call>'],
  minicpm5: ['</function>'],
  minimaxM3: [']<]minimax[>[</invoke>'],
  morph: ['</get_weather>'],
  morphXml: ['</get_weather>'],
  gemma4: ['<tool_call|>'],
  functionGemma: ['<end_function_call>'],
  pythonic: [')'],
};

const specials: Partial<Record<Family, readonly string[]>> = {
  glm45: ['<arg_key>', '</arg_key>', '<arg_value>', '</arg_value>', '</tool_call>'],
  glm47: ['<arg_key>', '</arg_key>', '<arg_value>', '</arg_value>', '</tool_call>'],
  dsml: ['｜DSML｜'],
  kimiK3: ['<|open|>', '<|close|>', '<|sep|>'],
  k2Horizon: ['<ifm|arg_key>', '</ifm|arg_key>', '<ifm|arg_type>', '</ifm|arg_type>', '</ifm|tool_call>'],
  minimaxM3: [']<]minimax[>['],
  gemma4: ['<|"|>', '<tool_call|>'],
  functionGemma: ['<escape>', '<end_function_call>'],
};

const chunkings: readonly (readonly number[])[] = [[], [1], [2, 5, 1], [3], [7, 1, 1, 4], [16]];

/** Reads the text in all chunkings, which must agree, and returns the result. */
function readAll(family: Family, text: string, ended: 'stop' | 'length' = 'stop', tools: JsonSchema = schema) {
  const place = { schema: tools, fences: fences[family] ?? [] };
  const notation = families[family];
  const whole = readAnswer(notation, place, { text, ended });
  for (const spelled of [[], specials[family] ?? []]) {
    for (const sizes of chunkings) {
      const read = readAnswer(notation, place, { text, ended, sizes, specials: spelled });
      expect([read.json, read.end], `${family} in ${sizes.join()}`).toEqual([whole.json, whole.end]);
    }
  }
  return whole;
}

describe('families', () => {
  it.each<[Family, string, string]>([
    [
      'qwen3Coder',
      '\n<parameter=city>\nOslo\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>',
      '{"city":"Oslo","days":3}',
    ],
    ['qwen3Coder', '<parameter=city>\n\n  a <b> </p>\n\n</parameter></function>', '{"city":"\\n  a <b> </p>\\n"}'],
    ['qwen3Coder', '\n</function>', '{}'],
    [
      'glm45',
      '\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n<arg_key>far</arg_key>\n<arg_value>true</arg_value>\n</tool_call>',
      '{"city":"Oslo","far":true}',
    ],
    [
      'glm47',
      '<arg_key>city</arg_key><arg_value> 12 </arg_value><arg_key>size</arg_key><arg_value>1.0</arg_value></tool_call>',
      '{"city":" 12 ","size":1.0}',
    ],
    [
      'minimaxM2',
      '\n<parameter name="city">Oslo</parameter>\n<parameter name="tags">["a", "b"]</parameter>\n</invoke>',
      '{"city":"Oslo","tags":["a", "b"]}',
    ],
    [
      'dsml',
      '\n<｜DSML｜parameter name="mixed" string="true">5</｜DSML｜parameter>\n<｜DSML｜parameter name="days" string="false">5</｜DSML｜parameter>\n</｜DSML｜invoke>',
      '{"mixed":"5","days":5}',
    ],
    [
      'kimiK3',
      '<|open|>argument key="open" type="string"<|sep|>[1]<|close|>argument<|sep|><|open|>argument key="mixed" type="integer"<|sep|>7<|close|>argument<|sep|><|close|>call<|sep|>',
      '{"open":"[1]","mixed":7}',
    ],
    [
      'k2Horizon',
      '<ifm|arg_key>open</ifm|arg_key><ifm|arg_type>number</ifm|arg_type><ifm|arg_value>-0</ifm|arg_value></ifm|tool_call>',
      '{"open":-0}',
    ],
    [
      'minicpm5',
      '<param name="city">A &amp; B &lt;&#x41;&#66;&gt; &nope; &</param><param name="open"><![CDATA[<x> &amp; </param>]]></param></function>',
      '{"city":"A & B <AB> &nope; &","open":"<x> &amp; </param>"}',
    ],
    [
      'minimaxM3',
      ']<]minimax[>[<city>Oslo]<]minimax[>[</city>\n]<]minimax[>[<place>]<]minimax[>[<street>S <b>]<]minimax[>[</street>]<]minimax[>[<near>]<]minimax[>[<number>4]<]minimax[>[</number>]<]minimax[>[</near>]<]minimax[>[</place>]<]minimax[>[<tags>]<]minimax[>[<item>a]<]minimax[>[</item> ]<]minimax[>[<item>5]<]minimax[>[</item>]<]minimax[>[</tags>]<]minimax[>[</invoke>',
      '{"city":"Oslo","place":{"street":"S <b>","near":{"number":4}},"tags":["a","5"]}',
    ],
    [
      'morph',
      '\n<city>Oslo</city>\n<tags>a</tags>\n<tags>b</tags>\n<days>3</days>\n</get_weather>',
      '{"city":"Oslo","tags":["a","b"],"days":3}',
    ],
    ['morph', '<tags>a</tags></get_weather>', '{"tags":["a"]}'],
    ['morph', '<tags>["a","b"]</tags></get_weather>', '{"tags":["a","b"]}'],
    [
      'morphXml',
      '<city>a &lt;b&gt; <![CDATA[</city>]]></city><mixed>5</mixed></get_weather>',
      '{"city":"a <b> </city>","mixed":5}',
    ],
    [
      'gemma4',
      '{city:<|"|>Os{lo, }<|"|>,days:3,far:true,maybe:nil,place:{street:<|"|>a<|"|>,number:-1.5},tags:[<|"|>x<|"|>,<|"|>y<|"|>]}',
      '{"city":"Os{lo, }","days":3,"far":true,"maybe":null,"place":{"street":"a","number":-1.5},"tags":["x","y"]}',
    ],
    ['gemma4', '{}', '{}'],
    [
      'functionGemma',
      '{city:<escape>5<escape>,days:<escape>5<escape>,tags:[<escape>a<escape>]}',
      '{"city":"5","days":5,"tags":["a"]}',
    ],
    [
      'pythonic',
      "city='O\"slo', days=3, far=True, maybe=None, tags=['a', \"b\"], place={'street': 's', 'number': -1.5})",
      '{"city":"O\\"slo","days":3,"far":true,"maybe":null,"tags":["a","b"],"place":{"street":"s","number":-1.5}}',
    ],
    ['pythonic', ')', '{}'],
  ])('%s: %s', (family, text, json) => {
    expect(readAll(family, text)).toMatchObject({ json, end: 'whole' });
    expect(() => JSON.parse(json)).not.toThrow();
  });
});

describe('types by schema', () => {
  it.each<[string, string]>([
    ['<parameter=days>\nfour\n</parameter>', '{"days":"four"}'],
    ['<parameter=days>\nnull\n</parameter>', '{"days":"null"}'],
    ['<parameter=far>\nTrue\n</parameter>', '{"far":true}'],
    ["<parameter=tags>\n['a', 'b',]\n</parameter>", '{"tags":["a","b"]}'],
    ['<parameter=maybe>\nnull\n</parameter>', '{"maybe":null}'],
    ['<parameter=maybe>\nnone\n</parameter>', '{"maybe":"none"}'],
    ['<parameter=maybe>\n"null"\n</parameter>', '{"maybe":"\\"null\\""}'],
    ['<parameter=mixed>\n5\n</parameter>', '{"mixed":5}'],
    ['<parameter=mixed>\n5.5\n</parameter>', '{"mixed":"5.5"}'],
    ['<parameter=unit>\nC\n</parameter>', '{"unit":"C"}'],
    ['<parameter=level>\n2\n</parameter>', '{"level":2}'],
    ['<parameter=size>\n1e400\n</parameter>', '{"size":1e400}'],
    ['<parameter=days>\n123456789012345678901234567890\n</parameter>', '{"days":123456789012345678901234567890}'],
    ['<parameter=unknown>\n[1, 2]\n</parameter>', '{"unknown":[1, 2]}'],
    ['<parameter=open>\n{"a": tru\n</parameter>', '{"open":"{\\"a\\": tru"}'],
    ['<parameter=place>\n{"street": "a"}\n</parameter>', '{"place":{"street": "a"}}'],
    ['<parameter=city>\n\ud800\u0000\n</parameter>', '{"city":"\\ud800\\u0000"}'],
    ['<parameter=city>\n\u{1f600}\uffff\n</parameter>', '{"city":"\u{1f600}\uffff"}'],
  ])('%j', (text, json) => {
    expect(readAll('qwen3Coder', `${text}\n</function>`)).toMatchObject({ json, end: 'whole' });
  });

  it('takes unknown keys as text where they are not allowed', () => {
    const closed = { type: 'object', properties: {}, additionalProperties: false };
    expect(readAll('glm47', '<arg_key>a</arg_key><arg_value>5</arg_value></tool_call>', 'stop', closed).json).toBe(
      '{"a":"5"}',
    );
  });
});

describe('tolerance', () => {
  it.each<[Family, string, string]>([
    [
      'qwen3Coder',
      '<parameter=city>Oslo</parameter><parameter=days>3</parameter></function>',
      '{"city":"Oslo","days":3}',
    ],
    ['qwen3Coder', '<parameter=city>\r\nOslo\r\n</parameter>\r\n</function>', '{"city":"Oslo"}'],
    [
      'qwen3Coder',
      '<parameter=city>\nOslo\n<parameter=days>\n3\n</parameter>\n</function>',
      '{"city":"Oslo","days":3}',
    ],
    ['qwen3Coder', '<parameter=city>\nOslo\n</function>\n</tool_call>', '{"city":"Oslo"}'],
    [
      'qwen3Coder',
      '<parameter=city>\nOslo\n</function>\n</tool_call>\n<function=b>\n<parameter=x>\n',
      '{"city":"Oslo"}',
    ],
    ['qwen3Coder', '<parameter=city>\na </function> b\n</parameter>\n</function>', '{"city":"a </function> b"}'],
    [
      'qwen3Coder',
      '<parameter=city>\na\n<parameter=other>\nb\n</parameter>\n</function>',
      '{"city":"a\\n<parameter=other>\\nb"}',
    ],
    ['qwen3Coder', '<parameter="city">\nOslo\n</parameter>>\n</parameter>\n</function>', '{"city":"Oslo"}'],
    ['qwen3Coder', '<parameter=city>\na\n</parameter>\n<parameter=city>\nb\n</parameter>\n</function>', '{"city":"a"}'],
    ['qwen3Coder', '\n{"city": "Oslo"}\n</function>', '{"city": "Oslo"}'],
    [
      'minimaxM2',
      "<parameter name='city'>Oslo</parameter><parameter name=days>3</parameter></invoke>",
      '{"city":"Oslo","days":3}',
    ],
    ['dsml', '<｜DSML｜parameter name="city">Oslo</｜DSML｜parameter></｜DSML｜invoke>', '{"city":"Oslo"}'],
    [
      'glm45',
      '<arg_key>city</arg_key><arg_value>Oslo</arg_value><arg_key>days</arg_key> \n <arg_value>3</arg_value></tool_call>',
      '{"city":"Oslo","days":3}',
    ],
    [
      'gemma4',
      ' { "city" : "Os\\nlo" , <|"|>days<|"|>: 3 , maybe: none, } ',
      '{"city":"Os\\nlo","days":3,"maybe":null}',
    ],
    ['gemma4', '{city:New York,mixed:12,open:abc}', '{"city":"New York","mixed":12,"open":"abc"}'],
    ['functionGemma', '{days:5,city:5}', '{"days":5,"city":"5"}'],
    [
      'morph',
      ' <city>Oslo</city> \n <place> <street>a</street> </place> </get_weather>',
      '{"city":"Oslo","place":{"street":"a"}}',
    ],
    [
      'morph',
      '<place>{"number": 3}</place><open><a>1</a><b></b></open></get_weather>',
      '{"place":{"number": 3},"open":{"a":1,"b":""}}',
    ],
    ['morph', '<open><a>1</open></get_weather>', '{"open":"<a>1"}'],
    [
      'pythonic',
      'city = "a\nb" , days=+1, size=.5, far=true, tags=("a", "b",), )',
      '{"city":"a\\nb","days":1,"size":0.5,"far":true,"tags":["a","b"]}',
    ],
    ['pythonic', '"Oslo", 3, far=False)', '{"city":"Oslo","days":3,"far":false}'],
    ['pythonic', "from='a', in=1, my-key=0x10)", '{"from":"a","in":1,"my-key":16}'],
    ['pythonic', 'days=07, unit=007, size=1_000.)', '{"days":7,"unit":"007","size":1000.0}'],
    [
      'pythonic',
      String.raw`city="\x41\u00e9\U0001F600\N{DASH}\101\d\'\"" 'b' r'\n' f"{x}")`,
      '{"city":"Aé😀\\\\N{DASH}A\\\\d\'\\"b\\\\n{x}"}',
    ],
    [
      'pythonic',
      'city="""a "b" c""", open=(1), mixed=("a" "b"), tags=(), place={1: 2, True: ((3),)})',
      '{"city":"a \\"b\\" c","open":1,"mixed":"ab","tags":[],"place":{"1":2,"true":[3]}}',
    ],
    ['pythonic', "city='a', # why\n city='b')", '{"city":"a"}'],
  ])('%s: %s', (family, text, json) => {
    expect(readAll(family, text)).toMatchObject({ json, end: 'whole' });
    expect(() => JSON.parse(json)).not.toThrow();
  });
});

describe('what is not arguments', () => {
  it.each<[Family, string, string]>([
    ['pythonic', 'city=get_city())', '{"city":'],
    ['pythonic', 'city=place)', '{"city":'],
    ['pythonic', 'days=1+2)', '{"days":'],
    ['pythonic', 'city="a" "b" if x)', '{"city":"ab"'],
    ['pythonic', '**{})', '{"city":'],
    ['morph', '<city lang="no">Oslo</city></get_weather>', ''],
    ['morph', '<place><street>a</street></get_weather>', '{"place":{"street":"a"'],
    ['gemma4', '{city}', '{'],
    ['gemma4', '{city:<|"|>a<|"|> days:3}', '{"city":"a"'],
    ['qwen3Coder', 'Hello', ''],
    ['qwen3Coder', '<parameter=city>\na\n</parameter>\n<param=x>', '{"city":"a"'],
  ])('%s: %s', (family, text, json) => {
    expect(readAll(family, text)).toMatchObject({ json, end: 'foreign' });
  });

  it.each<[Family, string, string]>([
    ['qwen3Coder', '<parameter=city>\nrm -rf /srv/ca', '{"city":"rm -rf /srv/ca'],
    ['qwen3Coder', '<parameter=city>\nOslo\n</para', '{"city":"Oslo'],
    ['qwen3Coder', '<parameter=city>\na </function>', '{"city":"a '],
    ['qwen3Coder', '<parameter=days>\n10', '{"days":'],
    ['qwen3Coder', '<parameter=city>\na\n</parameter>\n', '{"city":"a"'],
    ['qwen3Coder', '<parameter=city>\na\n</parameter>\n<para', '{"city":"a"'],
    ['qwen3Coder', '', ''],
    ['gemma4', '{days:108', '{"days":'],
    ['pythonic', 'days=108', '{"days":'],
    ['pythonic', 'city="a\\u00', '{"city":"a'],
    ['morph', '<city>Os</ci', '{"city":"Os'],
  ])('is cut: %s: %s', (family, text, json) => {
    expect(readAll(family, text, 'length')).toMatchObject({ json, end: 'ended' });
  });

  it('is whole where the answer stops between two arguments', () => {
    expect(readAll('qwen3Coder', '<parameter=city>\na\n</parameter>')).toMatchObject({
      json: '{"city":"a"}',
      end: 'whole',
    });
    expect(readAll('morph', '<city>a</city>\n')).toMatchObject({ json: '{"city":"a"}', end: 'whole' });
  });
});
