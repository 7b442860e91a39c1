import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isObject, type Json } from '../base/json.ts';
import { type JsonSchema, member, type SchemaObject } from '../schema/json-schema.ts';
import { validate } from '../schema/validate.ts';
import { argumentsGrammar } from './arguments-grammar.ts';
import { type CompiledGrammar, type Cursor, compileGrammar } from './automaton.ts';
import type { BareNotation, NestedNotation, Notation, TaggedNotation } from './notation.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const seed = 20_260_102;

/** A schema together with values that are valid against it, properties in the schema's order. */
interface Pair {
  readonly schema: SchemaObject;
  readonly value: fc.Arbitrary<Json>;
}

const shortText = fc
  .array(fc.constantFrom('a', 'b', ' ', '"', "'", '\\', '\n', 'é', '好', '😀', '{', '}', ',', '<', '>', '&', '/'), {
    maxLength: 5,
  })
  .map((list) => list.join(''));
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })).map((n) => n + 0);

const scalarPair: fc.Arbitrary<Pair> = fc.constantFrom<Pair>(
  { schema: { type: 'string' }, value: shortText },
  { schema: { type: 'integer' }, value: fc.integer() },
  { schema: { type: 'number' }, value: number },
  { schema: { type: 'boolean' }, value: fc.boolean() },
  { schema: { type: 'null' }, value: fc.constant(null) },
  { schema: { type: ['string', 'null'] }, value: fc.option(shortText) },
  { schema: { type: ['integer', 'boolean'] }, value: fc.oneof(fc.integer(), fc.boolean()) },
  { schema: { enum: ['one', 'two<', 3, null, true, 1.5] }, value: fc.constantFrom('one', 'two<', 3, null, true, 1.5) },
  { schema: { anyOf: [{ const: 'auto' }, { type: 'integer' }] }, value: fc.oneof(fc.constant('auto'), fc.integer()) },
  { schema: { type: 'string', pattern: '^[ab]+$' }, value: fc.stringMatching(/^[ab]+$/) },
  { schema: { type: 'string', format: 'date' }, value: fc.constantFrom('2024-02-29', '1999-12-31') },
  { schema: {}, value: fc.oneof(shortText, fc.integer(), fc.constant(null), fc.constant({ a: [1, 'x'] })) },
  { schema: { type: 'object' }, value: fc.constantFrom<Json>({}, { x: 1, y: [{}] }) },
  {
    schema: { type: 'object', additionalProperties: { type: 'integer' } },
    value: fc.dictionary(fc.constantFrom('a', 'b-c', 'ü'), fc.integer(), { maxKeys: 3, noNullPrototype: true }),
  },
);

const pairs = fc.letrec<{ pair: Pair }>((tie) => ({
  pair: fc.oneof({ depthSize: 'small' }, scalarPair, scalarPair, objectPair(tie('pair')), arrayPair(tie('pair'))),
})).pair;

function objectPair(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  const name = fc.constantFrom('a', 'ab', 'city', 'item', 'x.y-z', '_', 'b1');
  const part = fc.record({ name, pair: inner, isRequired: fc.boolean() });
  return fc.uniqueArray(part, { selector: (each) => each.name, maxLength: 4, minLength: 1 }).map((parts): Pair => {
    const members = parts.map(({ name: key, pair, isRequired }) =>
      fc.tuple(fc.constant(key), isRequired ? fc.constant(true) : fc.boolean(), pair.value),
    );
    return {
      schema: {
        type: 'object',
        properties: Object.fromEntries(parts.map((each) => [each.name, each.pair.schema])),
        required: parts.filter((each) => each.isRequired).map((each) => each.name),
      },
      value: fc
        .tuple(...members)
        .map(
          (list): Json =>
            Object.fromEntries(list.filter(([, isThere]) => isThere).map(([key, , value]) => [key, value])),
        ),
    };
  });
}

/** Never empty, as repeated tags cannot say that a list is. */
function arrayPair(inner: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  return inner.map(
    (item): Pair => ({
      schema: { type: 'array', items: item.schema, minItems: 1 },
      value: fc.array(item.value, { minLength: 1, maxLength: 3 }),
    }),
  );
}

const calls = objectPair(pairs).chain(({ schema, value }) =>
  fc.tuple(fc.constant(schema), fc.array(value, { minLength: 1, maxLength: 3 })),
);

type Speller = (value: Json, schema: JsonSchema) => string;

const entriesOf = (value: Json): [string, Json][] => (isObject(value) ? Object.entries(value) : []);

const pythonText = (value: string): string =>
  `'${value.replace(/[\\'\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}'`;

function pythonValue(value: Json): string {
  if (typeof value === 'string') return pythonText(value);
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(', ')}]`;
  if (isObject(value))
    return `{${entriesOf(value)
      .map(([key, item]) => `${pythonText(key)}: ${pythonValue(item)}`)
      .join(', ')}}`;
  return value === null ? 'None' : value === true ? 'True' : value === false ? 'False' : JSON.stringify(value);
}

const python: Speller = (value) =>
  entriesOf(value)
    .map(([key, item]) => `${key}=${pythonValue(item)}`)
    .join(', ');

function bare({ mark, marked }: BareNotation): Speller {
  const spell = (value: Json): string => {
    if (Array.isArray(value)) return `[${value.map(spell).join(',')}]`;
    if (isObject(value))
      return `{${entriesOf(value)
        .map(([key, item]) => `${key}:${spell(item)}`)
        .join(',')}}`;
    if (typeof value === 'string') return mark + value + mark;
    return marked === 'scalars' ? mark + JSON.stringify(value) + mark : JSON.stringify(value);
  };
  return spell;
}

const escaped = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function typeWord(value: Json, schema: JsonSchema): string {
  if (isObject(schema) && member(schema, 'type') === 'integer') return 'integer';
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

function tagged({ open, type, middle, pad, close, separator, escapes }: TaggedNotation): Speller {
  return (value, schema) =>
    entriesOf(value)
      .map(([key, item]) => {
        const json = JSON.stringify(item);
        const text = typeof item === 'string' ? item : json;
        const content = escapes === 'xml' ? escaped(text) : text;
        const word = typeWord(item, propertyOf(schema, key));
        const named = type?.words === 'flag' ? String(typeof item === 'string') : word;
        return `${open}${key}${type === undefined ? '' : type.open + named}${middle}${pad}${content}${pad}${close}`;
      })
      .join(separator);
}

function propertyOf(schema: JsonSchema, key: string): JsonSchema {
  const properties = isObject(schema) ? schema['properties'] : undefined;
  const found = isObject(properties) ? properties[key] : undefined;
  return isObject(found) ? found : true;
}

function nested({ start, end, item, separator, escapes }: NestedNotation): Speller {
  const leaf = (value: string): string => (escapes === 'xml' ? escaped(value) : value);
  const tag = (key: string, content: string): string => start[0] + key + start[1] + content + end[0] + key + end[1];
  const members = (value: Json, schema: JsonSchema): string =>
    entriesOf(value)
      .map(([key, each]) => property(key, each, propertyOf(schema, key)))
      .join(separator);
  const property = (key: string, value: Json, schema: JsonSchema, isItem = false): string => {
    const isKnown = isObject(schema);
    if (isKnown && isObject(schema['properties'])) return tag(key, members(value, schema));
    const items = isKnown ? schema['items'] : undefined;
    if (!Array.isArray(value) || !isObject(items) || (isItem && item === undefined))
      return tag(key, leaf(typeof value === 'string' ? value : JSON.stringify(value)));
    const spelled = value.map((each) => property(item ?? key, each, items, true)).join(separator);
    return item === undefined ? spelled : tag(key, spelled);
  };
  return members;
}

const tagNotation: TaggedNotation = {
  kind: 'tagged',
  open: '<parameter=',
  middle: '>',
  close: '</parameter>',
  separator: '\n',
  pad: '\n',
  escapes: 'none',
  spacing: 'compact',
};
const typedNotation: TaggedNotation = {
  ...tagNotation,
  open: '<|open|>argument key="',
  type: { open: '" type="', words: 'type' },
  middle: '"<|sep|>',
  close: '<|close|>argument<|sep|>',
  separator: '',
  pad: '',
};
const flagNotation: TaggedNotation = {
  ...typedNotation,
  type: { open: '" string="', words: 'flag' },
};
const xmlNotation: TaggedNotation = { ...tagNotation, pad: '', escapes: 'xml' };
const gemma: BareNotation = { kind: 'bare', mark: '<|"|>', marked: 'strings' };
const functionGemma: BareNotation = { kind: 'bare', mark: '<escape>', marked: 'scalars' };
const repeated: NestedNotation = {
  kind: 'nested',
  start: ['<', '>'],
  end: ['</', '>'],
  separator: '\n',
  escapes: 'none',
};
const minimax: NestedNotation = {
  kind: 'nested',
  start: [']<]minimax[>[<', '>'],
  end: [']<]minimax[>[</', '>'],
  item: 'item',
  separator: '',
  escapes: 'none',
};

const nestedXml: NestedNotation = { ...repeated, separator: '', escapes: 'xml' };

const spellers: readonly (readonly [string, Notation, Speller])[] = [
  ['Python', { kind: 'python', quote: "'" }, python],
  ['bare', gemma, bare(gemma)],
  ['bare with all scalars marked', functionGemma, bare(functionGemma)],
  ['tagged', tagNotation, tagged(tagNotation)],
  ['tagged with types', typedNotation, tagged(typedNotation)],
  ['tagged with flags', flagNotation, tagged(flagNotation)],
  ['tagged with entities', xmlNotation, tagged(xmlNotation)],
  ['nested with repeated tags', repeated, nested(repeated)],
  ['nested with items', minimax, nested(minimax)],
  ['nested with entities', nestedXml, nested(nestedXml)],
];

function compile(schema: JsonSchema, notation: Notation): CompiledGrammar {
  const { node, rules } = argumentsGrammar(schema, notation, { rulePrefix: 't' });
  return compileGrammar({ root: node, rules });
}

describe.each(spellers)('%s', (_, notation, spell) => {
  it('takes every valid value, in every chunking', () => {
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 7 }), ([schema, values], size) => {
        const compiled = compile(schema, notation);
        for (const value of values) {
          expect(validate(schema, value)).toEqual([]);
          const text = spell(value, schema);
          const bytes = encoder.encode(text);
          const cursor = compiled.start();
          for (let at = 0; at < bytes.length; at += size)
            expect(cursor.accept(bytes.subarray(at, at + size)), `${JSON.stringify(schema)}\n${text}`).toBe(true);
          expect(cursor.mayEnd(), text).toBe(true);
        }
      }),
      { seed, numRuns: 40 },
    );
  });

  it('ends on every way, with declared names only', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 200, maxLength: 200 }), (choices) => {
        const text = walk(compile(closed, notation).start(), choices);
        for (const name of text.replaceAll(/x+/g, '').match(/[a-z]\w*(?=["']?[=:>])/g) ?? [])
          expect(names).toContain(name);
      }),
      { seed, numRuns: 10 },
    );
  });
});

const closed: JsonSchema = {
  type: 'object',
  properties: {
    place: { type: 'string' },
    days: { type: 'integer' },
    list: { type: 'array', items: { type: 'string' } },
    inner: { type: 'object', properties: { far: { type: 'boolean' }, deep: { type: 'string' } }, required: ['far'] },
  },
  required: ['place'],
};
/** Declared names, and what the notations themselves say. */
const names = ['place', 'days', 'list', 'inner', 'far', 'deep', 'item', 'parameter', 'key', 'type', 'string', 'escape'];

/** What a walk may read: a letter for strings, and what the notations are made of. */
const letters = [...new Set(`x"'<>/|=:,{}[]\n 0123456789${names.join('')}TFrueals-.&;minmax(argumentopseclp)`)];
const marks = ['"', "'", '<|"|>', '<escape>', '\n</parameter>', '</parameter>', '<|close|>argument<|sep|>'];
const ends = [...marks, ...names.flatMap((name) => [`</${name}>`, `]<]minimax[>[</${name}>`])];

/** Takes what is forced, else any letter; after a while whatever ends a string. */
function walk(cursor: Cursor, choices: readonly number[]): string {
  const parts: string[] = [];
  const mayTake = (text: string): boolean => cursor.clone().accept(encoder.encode(text));
  const take = (text: string): void => {
    cursor.accept(encoder.encode(text));
    parts.push(text);
  };
  for (const [step, choice] of choices.entries()) {
    if (cursor.mustEnd() || (cursor.mayEnd() && (step > 100 || choice % 5 === 0))) return parts.join('');
    const forced = cursor.forced();
    const end = step > 30 ? ends.find((text) => mayTake(text) && !mayTake(`${text}x`)) : undefined;
    const allowed = letters.filter(mayTake);
    // A string is made of one letter, so that no name stands in it by chance.
    const letter = allowed.includes('x') ? 'x' : allowed[choice % allowed.length];
    if (forced.length > 0) take(decoder.decode(forced));
    else take(end ?? letter ?? expect.fail(`leads nowhere: ${parts.join('')}`));
  }
  expect.fail(`does not end: ${parts.join('')}`);
}
