import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../schema/json-schema.ts';
import { accepts, check, nothing, object, relaxed, start, takes, weather } from './arguments-grammar.contract.ts';
import type { Notation } from './notation.ts';

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
