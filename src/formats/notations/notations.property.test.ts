/** What notations can carry comes back in any chunks; what is cut is a true beginning; length costs in proportion. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ExactJson, parseExact, printExact } from '../../base/json.ts';
import { promptText } from '../../chat/prompt.ts';
import type { JsonSchema } from '../../chat/tool.ts';
import type { Notation, NotationOf } from '../../grammar/notation.ts';
import { AnswerSource } from '../answer-source.ts';
import { carries } from './carries.ts';
import { readAnswer } from './feed.contract.ts';
import { readNotation, renderNotation } from './notations.ts';

const tagged: NotationOf<'tagged'> = {
  kind: 'tagged',
  open: '<parameter=',
  middle: '>',
  close: '</parameter>',
  separator: '\n',
  pad: '\n',
  escapes: 'none',
  spacing: 'spaced',
};
const nested: NotationOf<'nested'> = {
  kind: 'nested',
  start: ['<', '>'],
  end: ['</', '>'],
  separator: '',
  escapes: 'none',
};

const notations: Readonly<Record<string, { readonly notation: Notation; readonly fences: readonly string[] }>> = {
  json: { notation: { kind: 'json', spacing: 'spaced' }, fences: ['</tool_call>'] },
  python: { notation: { kind: 'python', quote: "'" }, fences: [')'] },
  bare: { notation: { kind: 'bare', mark: '<|"|>', marked: 'strings' }, fences: ['<tool_call|>'] },
  scalars: { notation: { kind: 'bare', mark: '<escape>', marked: 'scalars' }, fences: ['<end>'] },
  tagged: { notation: tagged, fences: ['</function>', '</tool_call>'] },
  paired: {
    notation: { ...tagged, open: '<k>', middle: '</k><v>', close: '</v>', pad: '', separator: '' },
    fences: ['</tool_call>'],
  },
  flagged: {
    notation: { ...tagged, open: '<p k="', middle: '">', type: { open: '" string="', words: 'flag' }, pad: '' },
    fences: ['</function>'],
  },
  typed: {
    notation: { ...tagged, open: '<k>', middle: '</t><v>', close: '</v>', type: { open: '</k><t>', words: 'type' } },
    fences: ['</function>'],
  },
  xml: { notation: { ...tagged, escapes: 'xml', pad: '' }, fences: ['</function>'] },
  repeated: { notation: nested, fences: ['</call>'] },
  items: { notation: { ...nested, item: 'item', separator: '\n' }, fences: ['</call>'] },
  namespaced: {
    notation: { ...nested, start: [']<]m[>[<', '>'], end: [']<]m[>[</', '>'], item: 'item', escapes: 'xml' },
    fences: [']<]m[>[</invoke>'],
  },
};

const names = ['a', 'b', 'city', 'item', 'x-y', '__proto__', 'ключ', 'a b', 'k"', 'c:d', '<e>', '0'];
const scraps = ['<', '>', '</', 'a', '\n', '\r', '"', "'", '\\', '&amp;', '&', '</parameter>', '<parameter=', '</a>'];
const words = ['5', 'null', 'true', 'None', ' 5', '[1]', '{"a": 1}', '<a>1</a>', '<|"|>', '</v>', '</function>', ''];
const odd = ['\u0000', '\ud800', '\u{1f600}', '\uffff', '<escape>', '\u2028', ',', '}', ' ', 'b', '=', ')', '#'];
const text = fc.oneof(
  fc.constantFrom(...words),
  fc.array(fc.constantFrom(...scraps, ...words, ...odd), { maxLength: 6 }).map((parts) => parts.join('')),
);
const number = fc.constantFrom('0', '-0', '1', '1.0', '-1.5e3', '12345678901234567890', '1e400', '0.1');

/** A schema, and JSON that it was made for: mostly valid. */
interface Case {
  readonly schema: JsonSchema;
  readonly json: string;
}

const leaf: fc.Arbitrary<Case> = fc.oneof(
  text.map((value): Case => ({ schema: { type: 'string' }, json: JSON.stringify(value) })),
  number.map((json): Case => ({ schema: { type: 'number' }, json })),
  fc.boolean().map((value): Case => ({ schema: { type: 'boolean' }, json: String(value) })),
  text.map((value): Case => ({ schema: { type: ['string', 'null'] }, json: JSON.stringify(value) })),
  text.map(
    (value): Case => ({ schema: { anyOf: [{ type: 'integer' }, { type: 'string' }] }, json: JSON.stringify(value) }),
  ),
  fc.constant<Case>({ schema: { type: ['string', 'null'] }, json: 'null' }),
  fc
    .oneof(
      text.map((value) => JSON.stringify(value)),
      number,
    )
    .map((json): Case => ({ schema: true, json })),
  text.map((value): Case => ({ schema: { enum: [value, 1] }, json: JSON.stringify(value) })),
  text.map((value): Case => ({ schema: { type: 'integer' }, json: JSON.stringify(value) })),
);

const { object } = fc.letrec<{ value: Case; object: Case; list: Case; open: Case }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('object'), tie('list'), tie('open')),
  object: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), tie('value')), { maxLength: 4, selector: ([name]) => name })
    .map(
      (members): Case => ({
        schema: {
          type: 'object',
          properties: Object.fromEntries(members.map(([name, { schema }]) => [name, schema])),
          additionalProperties: false,
        },
        json: `{${members.map(([name, { json }]) => `${JSON.stringify(name)}:${json}`).join(',')}}`,
      }),
    ),
  list: fc.tuple(tie('value'), fc.nat(3)).map(
    ([{ schema, json }, count]): Case => ({
      schema: { type: 'array', items: schema },
      json: `[${Array.from({ length: count }, () => json).join(',')}]`,
    }),
  ),
  open: tie('value').map(({ json }): Case => ({ schema: {}, json })),
}));

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 });
const same = (json: string): ExactJson => parseExact(json);

describe.each(Object.entries(notations))('%s', (_name, { notation, fences }) => {
  const fence = fences[0] ?? '';

  it('reads what it writes', () => {
    let carried = 0;
    fc.assert(
      fc.property(object, sizes, ({ schema, json }, chunks) => {
        if (!carries(notation, json, schema)) return;
        carried++;
        const written = promptText(renderNotation(json, notation, schema));
        const read = readAnswer(notation, { schema, fences }, { text: written + fence, sizes: chunks });
        expect({ ...read, json: '' }).toEqual({ end: 'whole', rest: fence, json: '' });
        expect(printExact(same(read.json))).toBe(printExact(same(json)));
      }),
      { seed: 4, numRuns: 150 },
    );
    expect(carried).toBeGreaterThan(25);
  });

  it('passes on a true beginning of JSON wherever the answer is cut', () => {
    fc.assert(
      fc.property(object, fc.double({ min: 0, max: 1, noNaN: true }), sizes, ({ schema, json }, part, chunks) => {
        const written = promptText(renderNotation(json, notation, schema)) + fence;
        const cut = written.slice(0, Math.floor(part * written.length));
        const whole = readAnswer(notation, { schema, fences }, { text: written });
        const read = readAnswer(notation, { schema, fences }, { text: cut, sizes: chunks, ended: 'length' });
        if (carries(notation, json, schema)) expect(whole.json.startsWith(read.json)).toBe(true);
        if (read.end !== 'foreign' && notation.kind !== 'json') expect(isBeginning(read.json)).toBe(true);
      }),
      { seed: 5, numRuns: 150 },
    );
  });

  it('reads anything in any chunks alike, and never throws', () => {
    const pieces = [...scraps, ...words, ...odd, 'a', '{', '[', '(', ':', '=', fence, ...marksOf(notation)];
    const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(object, soup, sizes, fc.constantFrom('stop', 'length'), ({ schema }, answer, chunks, ended) => {
        const place = { schema, fences };
        const whole = readAnswer(notation, place, { text: answer, ended });
        expect(readAnswer(notation, place, { text: answer, ended, sizes: chunks })).toMatchObject({
          json: whole.json,
          end: whole.end,
        });
        if (answer.trimStart().startsWith('{') && notation.kind !== 'bare') return;
        if (whole.end === 'whole') expect(() => JSON.parse(whole.json)).not.toThrow();
        else expect(isBeginning(whole.json)).toBe(true);
      }),
      { seed: 6, numRuns: 150 },
    );
  });
});

/** Counts what a reader does, letter by letter or at a closer look. */
class CountingSource extends AnswerSource {
  steps = 0;

  override skip(): void {
    this.steps++;
    super.skip();
  }

  override mark(): number {
    this.steps++;
    return super.mark();
  }
}

function stepsFor(notation: Notation, fences: readonly string[], text: string): number {
  const source = new CountingSource();
  const schema = { type: 'object', properties: { a: { type: 'string' } } };
  const reader = readNotation(source, notation, { schema, fences }, () => {});
  for (let at = 0; at < text.length; at += 50) {
    source.push({ text: text.slice(at, at + 50), tokens: 1 });
    if (reader.next().done === true) break;
  }
  return source.steps;
}

describe.each(Object.entries(notations))('%s, however long,', (_name, { notation, fences }) => {
  it.each(['<', '</', '\n', '&', '"', '<a>', '</function>', '<parameter=', '\\', '<|"|', 'x', ' ', '[', '{'])(
    'costs in proportion to its length: %j',
    (piece) => {
      const [head] = promptText(renderNotation('{"a":"@"}', notation, { properties: { a: { type: 'string' } } })).split(
        '@',
      );
      const [once, twice] = [2_000, 4_000].map((count) => stepsFor(notation, fences, head + piece.repeat(count)));
      expect(twice).toBeLessThan(2.1 * (once ?? 0) + 10_000);
    },
  );

  it('reads 100 levels', () => {
    const schema: JsonSchema = { type: 'object', properties: { o: { $ref: '#' }, n: { type: 'integer' } } };
    const deep = `${'{"o":'.repeat(100)}{"n":1}${'}'.repeat(100)}`;
    const written = promptText(renderNotation(deep, notation, schema)) + (fences[0] ?? '');
    const read = readAnswer(notation, { schema, fences }, { text: written });
    expect([read.end, printExact(same(read.json))]).toEqual(['whole', deep]);
  });
});

function marksOf(notation: Notation): readonly string[] {
  if (notation.kind === 'bare') return [notation.mark];
  if (notation.kind === 'tagged')
    return [
      notation.open,
      notation.middle,
      notation.close,
      notation.type?.open ?? '',
      `${notation.open}a${notation.middle}`,
    ];
  return notation.kind === 'nested' ? ['<a>', '</a>', '<city>', '</city>', '<item>', '</item>'] : ['a=', 'city='];
}

/** Is there a way to go on to a JSON object? Tried with the one that closes what is open. */
function isBeginning(json: string): boolean {
  if (json === '') return true;
  const closers: string[] = [];
  let isString = false;
  for (let at = 0; at < json.length; at++) {
    const letter = json.charAt(at);
    if (isString && letter === '\\') at++;
    else if (letter === '"') isString = !isString;
    else if (!isString && (letter === '{' || letter === '[')) closers.push(letter === '{' ? '}' : ']');
    else if (!isString && (letter === '}' || letter === ']') && closers.pop() !== letter) return false;
  }
  const end = closers.reverse().join('');
  return ['', '"', ':0', '0', '":0', '"k":0'].some((middle) => isJson(json + middle + end));
}

function isJson(json: string): boolean {
  try {
    return typeof JSON.parse(json) === 'object';
  } catch {
    return false;
  }
}
