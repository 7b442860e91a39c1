import { describe, expect, it } from 'vitest';
import { compileGrammar } from '../../grammar/automaton.ts';
import {
  choice,
  free,
  type Grammar,
  optional,
  repeat,
  rule,
  sequence,
  set,
  special,
  text,
} from '../../grammar/grammar.ts';
import { afterToken, type Written } from './after-token.ts';

const call = special('<|call|>');
const said = (words: string): Written => ({ text: words });
const letters = repeat(set([0x61, 0x7a]), 1);

/** Which of these texts are whole answers of what is left. */
function accepted(grammar: Grammar | undefined, texts: readonly string[]): readonly string[] | undefined {
  if (grammar === undefined) return undefined;
  return texts.filter((each) => {
    const cursor = compileGrammar(grammar).start();
    return cursor.accept(Buffer.from(each)) && cursor.mayEnd();
  });
}

describe('afterToken', () => {
  const texts = ['', 'x', 'y', 'xy', 'z'];
  it.each<readonly [string, Grammar['root'], readonly Written[], readonly string[] | undefined]>([
    ['at the start', sequence(call, text('x')), [], ['x']],
    ['behind a text', sequence(text('a'), call, text('x')), [said('a')], ['x']],
    ['not behind another text', sequence(text('a'), call, text('x')), [said('b')], undefined],
    ['not before the text is whole', sequence(text('ab'), call, text('x')), [said('a')], undefined],
    ['as an opening of free text', free({ opening: { special: '<|call|>' }, then: text('x') }), [said('oh')], ['x']],
    [
      'not behind another opening',
      free({ opening: { special: '<|call|>' }, then: text('x') }, { opening: { text: '[' }, then: text('y') }),
      [said('oh [')],
      undefined,
    ],
    [
      'in the alternative that was written',
      choice(sequence(text('a'), call, text('x')), sequence(text('b'), call, text('y'))),
      [said('b')],
      ['y'],
    ],
    [
      'in both, if both were',
      choice(sequence(letters, call, text('x')), sequence(text('b'), call)),
      [said('b')],
      ['', 'x'],
    ],
    [
      'where it need not come',
      sequence(text('a'), optional(sequence(call, text('x'))), text('y')),
      [said('a')],
      ['xy'],
    ],
    ['repeated', sequence(text('a'), repeat(sequence(call, text('x')), 0)), [said('a')], ['x']],
    ['nowhere', sequence(text('a'), text('x')), [said('a')], undefined],
    [
      'behind other special tokens',
      sequence(special('<|s|>'), call, text('x')),
      [{ text: '', special: '<|s|>' }],
      ['x'],
    ],
  ])('finds what follows %s', (_, root, written, expected) => {
    expect(accepted(afterToken({ root, rules: {} }, written, '<|call|>'), texts)).toEqual(expected);
  });

  it('looks into rules, also those inside themselves', () => {
    const rules = {
      calls: sequence(letters, optional(sequence(call, rule('calls')))),
      loop: choice(rule('loop'), call),
    };
    const first = afterToken({ root: rule('calls'), rules }, [said('ab')], '<|call|>');
    expect(accepted(first, texts)).toEqual(['x', 'y', 'xy', 'z']);
    const second = first && afterToken(first, [said('cd')], '<|call|>');
    expect(accepted(second, texts)).toEqual(['x', 'y', 'xy', 'z']);
  });
});
