import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Prompt } from '../../chat/prompt.ts';
import { createCutter } from './cut-spellings.ts';

const cut = createCutter(['<|a|>', '<|a|><|b|>', '|a', '<t>', '😀😀', 'x']);
const trusted = (text: string) => ({ text, trusted: true });
const untrusted = (text: string) => ({ text, trusted: false });

describe('cutting spellings', () => {
  it.each<readonly [string, Prompt, string[], string[]]>([
    ['nothing spelt', [trusted('a'), untrusted('b')], ['ab'], []],
    ['meant', [trusted('<t>a')], ['<t>a'], ['<t>']],
    ['a stranger’s', [untrusted('b<t>b')], ['b<', 't>b'], []],
    ['one half each', [trusted('<'), untrusted('t>')], ['<', 't>'], []],
    ['the other half', [untrusted('<'), trusted('t>')], ['<', 't>'], []],
    ['one inside another', [untrusted('<|a|>')], ['<', '|', 'a|>'], []],
    ['of wide letters', [untrusted('😀😀😀')], ['😀', '😀', '😀'], []],
    ['one letter', [untrusted('x')], ['x'], []],
    ['both', [trusted('<t>'), untrusted('<t>')], ['<t><', 't>'], ['<t>']],
  ])('%s', (_, prompt, parts, meant) => {
    expect(cut(prompt)).toEqual({ parts, meant: new Set(meant) });
  });

  it('leaves no part with a stranger’s spelling, and loses no letter', () => {
    const spellings = ['<|a|>', '<|b|>', '|><', 'ab', '<|a|><|b|>'];
    const cutAll = createCutter(spellings);
    const letters = fc.array(fc.constantFrom('<', '|', 'a', 'b', '>', ...spellings), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(fc.tuple(letters, fc.boolean()), { maxLength: 5 }), (segments) => {
        const prompt = segments.map(([text, isTrusted]) => ({ text: text.join(''), trusted: isTrusted }));
        const { parts } = cutAll(prompt);
        const whole = prompt.map(({ text }) => text).join('');
        expect(parts.join('')).toBe(whole);
        const isStrange = prompt.flatMap(({ text, trusted: isOurs }) => Array<boolean>(text.length).fill(!isOurs));
        let at = 0;
        for (const part of parts) {
          for (const spelling of spellings)
            for (let place = part.indexOf(spelling); place !== -1; place = part.indexOf(spelling, place + 1))
              expect(isStrange.slice(at + place, at + place + spelling.length)).not.toContain(true);
          at += part.length;
        }
      }),
    );
  });
});
