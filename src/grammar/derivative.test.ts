import { describe, expect, it } from 'vitest';
import { compileGrammar } from './automaton.ts';
import { afterText } from './derivative.ts';
import {
  choice,
  free,
  freeAfterStart,
  type Grammar,
  type GrammarNode,
  optional,
  repeat,
  rule,
  sequence,
  set,
  special,
  text,
  words,
} from './grammar.ts';
import { matchesSomething } from './program.ts';

const encoder = new TextEncoder();

function accepts(root: GrammarNode, written: string, rules: Grammar['rules'] = {}): boolean {
  const cursor = compileGrammar({ root, rules }).start();
  return cursor.accept(encoder.encode(written)) && cursor.mayEnd();
}

describe('afterText', () => {
  const rules = { call: sequence(text('>>>'), words(['get', 'go']), rule('rest')), rest: text('{}') };
  const cases: [string, GrammarNode, string, string, boolean][] = [
    ['cuts a text', text('>>>all'), '>>>', 'all', true],
    ['looks into rules and words', rule('call'), '>>>g', 'et{}', true],
    ['forgets other ways', choice(text('abc'), text('xyz')), 'a', 'yz', false],
    ['goes past what may be missing', sequence(optional(text('x')), text('yz')), 'y', 'z', true],
    ['counts a round', repeat(set([97, 122]), 2, 3), 'a', 'b', true],
    ['leaves no more rounds than there were', repeat(set([97, 122]), 2, 3), 'a', 'bcd', false],
  ];
  it.each(cases)('%s', (_name, root, written, rest, isAccepted) => {
    expect(accepts(afterText({ root, rules }, written), rest, rules)).toBe(isAccepted);
  });

  it('lets free text go on inside an opening', () => {
    const root = free({ opening: { text: '>>>get\n' }, then: text('{}') });
    const rest = afterText({ root, rules: {} }, '>>>');
    expect(accepts(rest, 'get\n{}')).toBe(true);
    expect(accepts(rest, 'get\nno')).toBe(false);
    expect(accepts(rest, 'all\nget\nno')).toBe(true);
  });
});

describe('an opening that counts at the start only', () => {
  const root = freeAfterStart(
    { opening: { text: '{"name": "get"' }, then: text('}') },
    { opening: { special: '<call>' }, then: text('!') },
  );

  it('binds there, white space before it included', () => {
    expect(accepts(root, ' \n{"name": "get"}')).toBe(true);
    expect(accepts(root, '{"name": "get",')).toBe(false);
  });

  it('is text anywhere else', () => {
    expect(accepts(root, 'So {"name": "get", …')).toBe(true);
    expect(accepts(root, '{"name": "other"}')).toBe(true);
  });

  it('may be a special token', () => {
    const atStart = compileGrammar({ root, rules: {} }).start();
    expect(atStart.acceptSpecial('<call>')).toBe(true);
    expect(atStart.mayEnd()).toBe(false);
    const later = compileGrammar({ root, rules: {} }).start();
    later.accept(encoder.encode('So '));
    expect(later.acceptSpecial('<call>')).toBe(false);
  });
});

it('never takes letters for a special token', () => {
  const root = afterText({ root: sequence(special('<a>'), text('b')), rules: {} }, '<');
  expect(matchesSomething({ root, rules: {} })).toBe(false);
});
