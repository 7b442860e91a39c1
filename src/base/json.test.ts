import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDeeperThan, maxDepth, parseBody, parseExact, printExact, toPlain } from './json.ts';

describe('parseExact', () => {
  it('keeps property order, integer-like keys and the text of numbers', () => {
    const text = '{"b":1.0,"2":-0,"1":12345678901234567890,"a":[1e400,null,true]}';
    expect(printExact(parseExact(text))).toBe(text);
  });

  it('prints with blanks where Python does', () => {
    expect(printExact(parseExact('{"a":[1,2],"b":{}}'), 'spaced')).toBe('{"a": [1, 2], "b": {}}');
  });

  it('agrees with JSON.parse on every value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(toPlain(parseExact(text))).toEqual(JSON.parse(text));
      }),
      { seed: 1 },
    );
  });

  it('refuses what JSON.parse refuses', () => {
    for (const text of ['', '{', '[1,]', '{"a":}', '01', "{'a':1}", '1 2', 'nul', '"\\x"', '{"a":1,}', '+1'])
      expect(() => parseExact(text), text).toThrow(SyntaxError);
  });

  it('refuses nesting beyond the limit instead of overflowing', () => {
    expect(() => parseExact('['.repeat(100_000))).toThrow(/levels/);
  });

  it('treats __proto__ as a key like any other', () => {
    const plain = toPlain(parseExact('{"__proto__":{"polluted":1}}'));
    expect(Object.keys(plain as object)).toEqual(['__proto__']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('parseBody', () => {
  it('names bad JSON and too many levels', () => {
    expect(() => parseBody('{')).toThrow(expect.objectContaining({ code: 'invalid_json', status: 400 }));
    const deep = `${'['.repeat(1000)}${']'.repeat(1000)}`;
    expect(() => parseBody(deep)).toThrow(expect.objectContaining({ code: 'json_too_deep' }));
    expect(isDeeperThan(JSON.parse('['.repeat(maxDepth) + ']'.repeat(maxDepth)), maxDepth)).toBe(false);
  });
});
