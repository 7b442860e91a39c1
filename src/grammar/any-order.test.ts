import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGrammar } from './automaton.ts';
import { afterText } from './derivative.ts';
import { grammarFromSchema } from './from-schema.ts';
import { type AnyOrderNode, choice, type GrammarNode, maxAnyOrder, optional, sequence, text } from './grammar.ts';
import { printGbnf } from './print-gbnf.ts';

const encoder = new TextEncoder();

function accepts(root: GrammarNode, written: string): boolean {
  const cursor = compileGrammar({ root, rules: {} }).start();
  return cursor.accept(encoder.encode(written)) && cursor.mayEnd();
}

const letters = ['ab', 'ac', 'b', 'cab', 'd'];

interface Case {
  readonly node: AnyOrderNode;
  readonly required: readonly number[];
  readonly separator: string;
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    count: fc.integer({ min: 1, max: letters.length }),
    required: fc.subarray([0, 1, 2, 3, 4]),
    separator: fc.constantFrom(',', ', ', ''),
    hasExtra: fc.boolean(),
    continued: fc.boolean(),
  })
  .map(({ count, required, separator, hasExtra, continued }) => {
    const members = letters.slice(0, count).map((letter, index) => ({
      node: text(letter),
      isRequired: required.includes(index),
    }));
    const node: AnyOrderNode = {
      kind: 'anyOrder',
      members,
      separator: text(separator),
      ...(hasExtra && { extra: text('x') }),
      ...(continued && { continued: true }),
    };
    return { node, required: required.filter((index) => index < count), separator };
  });
const written = fc.array(fc.constantFrom(...letters, 'x'), { maxLength: 7 });

/** What the node says, decided without it. */
function isRight({ node, required, separator }: Case, parts: readonly string[]): boolean {
  const known = node.members.map((_, index) => letters[index]);
  const own = parts.filter((part) => part !== 'x');
  if (own.length < parts.length && node.extra === undefined) return false;
  if (!own.every((part) => known.includes(part)) || new Set(own).size < own.length) return false;
  return required.every((index) => own.includes(letters[index] ?? '')) && separator !== '?';
}

function spelled({ node, separator }: Case, parts: readonly string[]): string {
  return (node.continued === true && parts.length > 0 ? separator : '') + parts.join(separator);
}

describe('members in any order', () => {
  it('are each written once at most, the required ones always', () => {
    let right = 0;
    const property = fc.property(cases, written, (each, parts) => {
      // Without a separator other letters may spell the same.
      fc.pre(each.separator !== '');
      const isAccepted = isRight(each, parts);
      if (isAccepted) right++;
      expect(accepts(each.node, spelled(each, parts)), spelled(each, parts)).toBe(isAccepted);
    });
    fc.assert(property, { seed: 20_261_121, numRuns: 600 });
    expect(right).toBeGreaterThan(60);
  });

  it('are the same when their beginning is written already', () => {
    const property = fc.property(cases, written, fc.nat(6), (each, parts, length) => {
      const whole = spelled(each, parts);
      const begun = whole.slice(0, length);
      const isAccepted = accepts(each.node, whole);
      const grammar = { root: each.node, rules: {} };
      const rest = afterText(grammar, begun);
      // What nothing can follow is an empty grammar.
      expect(accepts(choice(rest, text('!')), whole.slice(begun.length)), `${begun}|${whole}`).toBe(isAccepted);
    });
    fc.assert(property, { seed: 20_261_122, numRuns: 600 });
  });

  it('leave out what cannot be written, and are impossible if that is required', () => {
    const members = [
      { node: text('a'), isRequired: true },
      { node: choice(), isRequired: false },
    ];
    expect(accepts({ kind: 'anyOrder', members, separator: text(',') }, 'a')).toBe(true);
    const impossible = members.map(({ node }) => ({ node, isRequired: true }));
    const node: GrammarNode = { kind: 'anyOrder', members: impossible, separator: text(',') };
    expect(accepts(optional(sequence(node, text('!'))), 'a,!')).toBe(false);
    expect(() => accepts(node, 'a')).toThrow('no answer at all');
  });

  it('are refused beyond the number that is kept', () => {
    const members = Array.from({ length: maxAnyOrder + 1 }, (_, index) => ({
      node: text(`${index};`),
      isRequired: true,
    }));
    const node = (count: number): GrammarNode => ({
      kind: 'anyOrder',
      members: members.slice(0, count),
      separator: text(','),
    });
    const all = members.slice(0, maxAnyOrder).map((_, index) => `${index};`);
    expect(accepts(node(maxAnyOrder), all.toReversed().join())).toBe(true);
    expect(accepts(node(maxAnyOrder), all.slice(1).join())).toBe(false);
    expect(() => accepts(node(maxAnyOrder + 1), '')).toThrow('members in any order');
  });

  it('are printed in every order while they are few, else in one', () => {
    const members = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((letter) => ({ node: text(letter), isRequired: true }));
    const printed = (count: number) =>
      printGbnf({ root: { kind: 'anyOrder', members: members.slice(0, count), separator: text(',') }, rules: {} });
    expect(printed(2)).toEqual({
      text: [
        'root ::= root-members-4',
        'root-members ::= ""',
        'root-members-2 ::= "" ("," ("b" root-members))',
        'root-members-3 ::= "" ("," ("a" root-members))',
        'root-members-4 ::= "a" root-members-2 | "b" root-members-3',
        '',
      ].join('\n'),
      relaxed: [],
    });
    expect(printed(7).relaxed).toEqual(['anyOrder']);
  });
});

describe('a schema whose properties may come in any order', () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'integer' }, b: { type: 'object', properties: { c: {}, d: {} } }, e: { type: 'null' } },
    required: ['a'],
  };
  const takes = (json: string, anyOrder: boolean): boolean => {
    const { node, rules, relaxed } = grammarFromSchema(schema, { rulePrefix: 't', anyOrder });
    expect(relaxed).toEqual([]);
    const cursor = compileGrammar({ root: node, rules }).start();
    return cursor.accept(encoder.encode(json)) && cursor.mayEnd();
  };

  it('takes them so, at every depth, where that is asked for', () => {
    const other = '{"e":null,"b":{"d":1,"c":2},"a":1}';
    expect(takes(other, true)).toBe(true);
    expect(takes(other, false)).toBe(false);
    for (const bad of ['{"b":{}}', '{"a":1,"a":2}', '{"a":1,}', '{"f":1,"a":1}', '{"a":1,"b":{"c":1,"c":2}}'])
      expect(takes(bad, true), bad).toBe(false);
  });

  it('knows no order among names that JavaScript sorts', () => {
    const sorted = { type: 'object', properties: { x: { type: 'integer' }, 1: { type: 'integer' } }, required: ['x'] };
    const { node, rules } = grammarFromSchema(sorted, { rulePrefix: 't' });
    for (const json of ['{"x":1,"1":2}', '{"1":2,"x":1}', '{"x":1}']) {
      const cursor = compileGrammar({ root: node, rules }).start();
      expect(cursor.accept(encoder.encode(json)) && cursor.mayEnd(), json).toBe(true);
    }
  });
});
