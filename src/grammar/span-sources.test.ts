import { describe, expect, it } from 'vitest';
import { compileGrammar } from './automaton.ts';
import { spanSources } from './span-sources.ts';

const encoder = new TextEncoder();

function copies(texts: readonly string[], value: string, spelling: 'json' | 'raw' = 'raw'): boolean {
  const cursor = compileGrammar({ root: { kind: 'span', sources: spanSources(texts, spelling) }, rules: {} }).start();
  return cursor.accept(encoder.encode(value)) && cursor.mayEnd();
}

describe('spanSources', () => {
  it('copies whole words of Latin text', () => {
    const texts = ["What's the weather in New York, USA? It costs $5 in C++ at 3.5 %."];
    for (const good of ['New York', 'York, USA', 'weather', "What's", '$5', '5', '3.5', 'C++', 'New York, USA? It'])
      expect(copies(texts, good), good).toBe(true);
    for (const bad of ['New Yo', 'ew York', 'York,', ' York', 'York ', 'Paris', ''])
      expect(copies(texts, bad), bad).toBe(false);
  });

  it('takes each CJK character for a word', () => {
    const texts = ['我想知道北京市海淀区的天气。Tokyo也可以'];
    for (const good of ['海淀区', '北京市', '京', 'Tokyo', '区的天气', 'Tokyo也'])
      expect(copies(texts, good), good).toBe(true);
    for (const bad of ['oky', 'Tok', '上海', '天气。']) expect(copies(texts, bad), bad).toBe(false);
  });

  it('copies the whole of what quotes enclose', () => {
    const texts = ["Say \"hello there!\" and 「はい。」 but don't say 'no, ' to Ann's dog"];
    for (const good of ['hello there!', 'はい。', 'no, ']) expect(copies(texts, good), good).toBe(true);
  });

  it('spells units as JSON does, or keeps control characters out', () => {
    const texts = ['a "b"\nc\\d\u0007e'];
    expect(copies(texts, '\\"b\\"\\nc'.slice(2), 'json')).toBe(true);
    expect(copies(texts, 'c\\\\d\\u0007e', 'json')).toBe(true);
    expect(copies(texts, 'b"\nc')).toBe(false);
    expect(copies(texts, 'c\\d')).toBe(true);
    expect(copies(texts, 'd\u0007e')).toBe(false);
  });

  it('never copies half of a surrogate pair', () => {
    expect(copies(['ab\ud83dcd 😀'], '😀')).toBe(true);
    expect(spanSources(['\ud83d'], 'json')).toEqual([]);
  });

  it('is bounded, and keeps the last texts', () => {
    const sources = spanSources(['first', 'x '.repeat(150_000), 'last'], 'raw');
    expect(sources.reduce((sum, { units }) => sum + units.length, 0)).toBeLessThanOrEqual(200_000);
    expect(sources[0]?.units.join('')).toBe('last');
  });
});
