import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern } from './pattern.ts';
import { textsWith } from './pattern-automaton.ts';
import { searchFor } from './pattern-search.ts';
import { parsePattern } from './pattern-syntax.ts';
import { holdsText, intersection, isEmpty, opposite, textsAmong, textsOfLength } from './text-automaton.ts';

const seed = 20_260_102;

const sources = [
  'a',
  '^a',
  'a$',
  '^$',
  '',
  '^a|b$',
  '(^a|b)c',
  '^[a-c]{2,3}$',
  '^(ab?|c)*$',
  '[^a]',
  '^.*b{2}',
  '^\\d+(\\.\\d{1,2})?$',
  '^(?:a|b)+?c',
  'a{,2}',
  '^\\w+[-_]\\w+$',
  '^\\u0061\\x62$',
  '^(?=.*b)(?!c)[abc]+$',
  '^[\\w.-]+$',
  '^a{0}b',
  '(a|b|$)',
  '^😀+$',
  '^[😀-😂]$',
  '\\p{L}\\d',
  '^[^\\s]$',
  '[]a]',
  '[^]b',
  '^(a*)*b',
  '^[a-\\d]+$',
  '^\\-\\/$',
];

describe('patterns', () => {
  it('match what the built-in engine matches', () => {
    const letter = fc.constantFrom(
      'a',
      'b',
      'c',
      '-',
      '_',
      '.',
      '1',
      '2',
      '\n',
      '😀',
      '😁',
      'é',
      ' ',
      '/',
      '{',
      ',',
      '}',
      ']',
    );
    fc.assert(
      fc.property(fc.constantFrom(...sources), fc.array(letter, { maxLength: 7 }), (source, letters) => {
        const text = letters.join('');
        const pattern = compilePattern(source);
        const isUnicode = !['a{,2}', '[]a]', '^[a-\\d]+$', '^\\-\\/$'].includes(source);
        expect(pattern?.texts, source).toBeDefined();
        expect(pattern?.matches(text), `${source} on ${text}`).toBe(
          new RegExp(source, isUnicode ? 'u' : '').test(text),
        );
      }),
      { seed, numRuns: 3000 },
    );
  });

  it('are found the same by searching as by all texts that hold them', () => {
    const letters = fc.array(fc.constantFrom(...'abc-_.12\n😀é /{}]', '\ud83d'), { maxLength: 8 });
    const property = fc.property(fc.constantFrom(...sources), letters, (source, list) => {
      const parsed = parsePattern(source);
      const texts = parsed && textsWith(parsed);
      if (parsed === undefined || texts === undefined) throw new RangeError(source);
      expect(searchFor(parsed)?.matches(list.join('')), source).toBe(holdsText(texts, list.join('')));
    });
    fc.assert(property, { seed, numRuns: 2000 });
  });

  it('that are no regular languages are not decided', () => {
    for (const source of ['(a)\\1', 'a(?=b)', '(?<=a)b', '(?<!a)b', '(', 'a**', '[b-a]', '\\p{Nonsense}'])
      expect(compilePattern(source), source).toBeUndefined();
    expect(compilePattern('\\bword\\b')?.matches('a word')).toBe(true);
    expect(compilePattern('\\bword\\b')?.texts).toBeUndefined();
  });

  it('of hostile size end soon', () => {
    for (const source of [
      '(((a{0,100}){0,100}){0,100}){0,100}',
      '(a|b)*a(a|b){200}',
      `${'('.repeat(5000)}`,
      '(a*)*'.repeat(800),
      '(x+x+)+y',
    ])
      expect(() => compilePattern(source)?.matches('a'.repeat(50)), source.slice(0, 40)).not.toThrow();
  });
});

describe('sets of texts', () => {
  it('are joined and turned round', () => {
    const short = textsOfLength(0, 2);
    const few = textsAmong(['a', 'ab', 'abc', 'x']);
    if (short === undefined) throw new Error('too large');
    const both = intersection(few, opposite(short));
    expect(both === undefined || isEmpty(both)).toBe(false);
    const none = intersection(few, opposite(few));
    expect(none !== undefined && isEmpty(none)).toBe(true);
  });
});
