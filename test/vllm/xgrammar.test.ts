/** XGrammar, as vLLM brings it, reads what we print as our automaton reads the grammar. */

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GrammarBook } from '../../src/engines/vllm/grammar-book.ts';
import { compileGrammar } from '../../src/grammar/automaton.ts';
import { grammarFromSchema } from '../../src/grammar/from-schema.ts';
import {
  choice,
  free,
  freeAfterStart,
  type Grammar,
  notSet,
  repeat,
  sequence,
  set,
  special,
  text,
  words,
} from '../../src/grammar/grammar.ts';
import { schemaCases } from '../grammar/schema-cases.ts';

const script = fileURLToPath(new URL('read_grammars.py', import.meta.url));

interface Reading {
  readonly grammar: Grammar;
  readonly texts: readonly (string | Uint8Array)[];
}

/** Verdicts of both on every text. */
function readBoth(readings: readonly Reading[]): { readonly ours: boolean[][]; readonly theirs: unknown } {
  const book = new GrammarBook({ idOf: () => undefined, has: () => true });
  const asked = readings.map(({ grammar, texts }) => [
    book.print(grammar)?.text,
    texts.map((value) => Buffer.from(value).toString('hex')),
  ]);
  const python = process.env['AIMINDSERVE_TEST_VLLM_PYTHON'] ?? 'python3';
  const answer = execFileSync(python, [script], { input: JSON.stringify(asked), maxBuffer: 1 << 26 });
  const ours = readings.map(({ grammar, texts }) => {
    const compiled = compileGrammar(grammar);
    return texts.map((value) => {
      const cursor = compiled.start();
      return cursor.accept(Buffer.from(value)) && cursor.mayEnd();
    });
  });
  return { ours, theirs: JSON.parse(String(answer)) };
}

describe('XGrammar', () => {
  it('takes and refuses what the automaton does, for generated schemas', () => {
    const readings = fc.sample(schemaCases, { numRuns: 400, seed: 20_261_121 }).map(({ schema, valid, others }) => {
      const { node, rules } = grammarFromSchema(schema, { rulePrefix: 's' });
      return { grammar: { root: node, rules }, texts: [valid, ...others] };
    });
    const { ours, theirs } = readBoth(readings);
    expect(theirs).toEqual(ours);
    expect(ours.flat().filter((isTaken) => !isTaken).length).toBeGreaterThan(100);
  });

  it('takes and refuses what the automaton does, for free text, sets and texts', () => {
    const call = { opening: { text: '<call>' }, then: sequence(text('"'), repeat(notSet([0x22, 0x22]), 0), text('"')) };
    const never = { opening: { text: '<b>' }, then: choice() };
    const reading = (root: Grammar['root'], ...texts: readonly (string | Uint8Array)[]): Reading => ({
      grammar: { root, rules: {} },
      texts,
    });
    const { ours, theirs } = readBoth([
      reading(free(call, never), 'a<call>"é"', '<<call>"', 'x <b', 'x <b>', '<call>x', '', 'é😀\n'),
      reading(freeAfterStart(call), ' <call>""', 'a <call>!', ' <call>x'),
      reading(notSet([0x22, 0x22]), 'a', '"', '\ud7ff', '\ue000', '\u{10ffff}', Uint8Array.of(0xed, 0xa0, 0x80), 'aa'),
      reading(notSet([0xe9, 0xea], [0x1f600, 0x1f600]), 'é', '😀', '😁', 'è', Uint8Array.of(0xed, 0xbf, 0xbf)),
      reading(set([0x5b, 0x5e], [0x2d, 0x2d], [0x4e2d, 0x4e2e]), '[', ']', '\\', '^', '-', '中', '丯', 'a'),
      reading(sequence(text('\\"[^"]\u0007\u0000'), words(['n', 'nord', 'süd'])), '\\"[^"]\u0007\u0000nord', '\\"n'),
      reading(repeat(set([0x61, 0x61]), 2, 300), 'a', 'aa', 'a'.repeat(300), 'a'.repeat(301)),
    ]);
    expect(theirs).toEqual(ours);
  });

  it('takes the letters of a special token for the token', () => {
    const grammar = { root: sequence(text('o'), special('<|m|>')), rules: {} };
    expect(readBoth([{ grammar, texts: ['o<|m|>', 'o', 'o<|'] }]).theirs).toEqual([[true, false, false]]);
  });
});
