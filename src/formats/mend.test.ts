/** Each repair, and what is left alone. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mend } from './mend.ts';

describe('mend', () => {
  it.each([
    ['{"a": {"b": [1', '{"a":{"b":[1]}}', ['missing-brackets']],
    ['{"a": 1}}}', '{"a":1}', ['surplus-brackets']],
    ['{"a": [1, 2,], }', '{"a":[1,2]}', ['trailing-comma']],
    ["{'a': 'b \"c\" d', 'e': 'it\\'s'}", '{"a":"b \\"c\\" d","e":"it\'s"}', ['single-quotes', 'invalid-escape']],
    ['{"a": True, "b": False, "c": None, "d": "None"}', '{"a":true,"b":false,"c":null,"d":"None"}', ['python-literal']],
    ['{city: "Oslo", 单位: 1}', '{"city":"Oslo","单位":1}', ['unquoted-key']],
    ['```json\n{"a": 1}\n```', '{"a":1}', ['fence']],
    ['Here you are: {"a": 1} as asked.', '{"a":1}', ['surrounding-text']],
    ['{"a": "x\ny\tz"}', '{"a":"x\\ny\\tz"}', ['control-character']],
    ['"{\\"a\\": 1}"', '{"a":1}', ['double-encoded']],
    ['{"a": "\\d+\\$ \\u12"}', '{"a":"\\\\d+\\\\$ \\\\u12"}', ['invalid-escape']],
    ['{"a": 1, // one\n "b": /* two */ 2}', '{"a":1,"b":2}', ['comment']],
    ['{“a”：“b”，"c"：1}', '{"a":"b","c":1}', ['typographic-quotes', 'full-width-signs']],
    ['{"a": +1, "b": .5, "c": 2., "d": 0x10, "e": -.5}', '{"a":1,"b":0.5,"c":2,"d":16,"e":-0.5}', ['loose-number']],
    ['{"big": 12345678901234567890, "x": 1.0,}', '{"big":12345678901234567890,"x":1.0}', ['trailing-comma']],
    ['{"a": """one "two"\nthree"""}', '{"a":"one \\"two\\"\\nthree"}', ['triple-quotes']],
    ['{"a": `b`, "c": 1}', '{"a":"b","c":1}', ['backticks']],
    ['\ufeff{\u00a0"a":\u200b1,}', '{"a":1}', ['trailing-comma']],
    ['{"a": 1,\r\n}', '{"a":1}', ['trailing-comma']],
    ['{"a": 1, "a": 2,}', '{"a":2}', ['trailing-comma']],
    ['{"__proto__": {"a": 1},}', '{"__proto__":{"a":1}}', ['trailing-comma']],
  ])('%s', (broken, text, rules) => {
    expect(mend(broken)).toEqual({ text, rules });
  });

  it.each([
    ['what is whole already', '{"a": 1}'],
    ['an open string', '{"a": "x'],
    ['quotes inside quotes', '{"a": "say "hi" now"}'],
    ['an apostrophe', "{'a': 'it's'}"],
    ['two objects', '{"a": 1}{"b": 2}'],
    ['a number with leading zeros', '{"a": 007}'],
    ['no number', '{"a": NaN}'],
    ['a key without value', '{"a": }'],
    ['a list', '[1, 2,]'],
    ['words', 'Boston'],
    ['nothing', ''],
    ['brackets that cross', '{"a": [1, 2}}'],
    ['too many levels', `{"a":${'['.repeat(500)}`],
  ])('leaves %s alone', (_, text) => {
    expect(mend(text)).toBeUndefined();
  });

  describe('with a schema', () => {
    const code = { type: 'object', properties: { code: { type: 'string' }, file: { type: 'string' } } };

    it.each([
      ['{"code": "print("a", "b")", "file": "x.py"}', { code: 'print("a", "b")', file: 'x.py' }],
      ['{"file": "x", "code": "say "hi" now"}', { file: 'x', code: 'say "hi" now' }],
      ['{"code": "if a == "b":\n  c = "\\d"", "file": "x"}', { code: 'if a == "b":\n  c = "\\d"', file: 'x' }],
    ])('takes quotes inside quotes as letters: %s', (broken, value) => {
      const mended = mend(broken, code);
      expect(JSON.parse(mended?.text ?? '')).toEqual(value);
      expect(mended?.rules).toContain('inner-quotes');
    });

    it.each([
      ['a known key inside the text', '{"code": "x = {"a", "file": "b"}", "file": "c"}'],
      ['two objects', '{"code": "a"}{"code": "b"}'],
      ['no end', '{"code": "say "hi" now'],
      ['a key that is not known', '{"code": "a "b" c", "mode": "d "e" f"}'],
    ])('gives up at %s', (_, text) => expect(mend(text, code)).toBeUndefined());

    it('takes no longer for many quotes than their number', () => {
      const text = `{"code": "${'" ,"file" '.repeat(40_000)}"}`;
      expect(mend(text, code)?.rules).toContain('inner-quotes');
    });
  });

  it('never throws, and what it makes is an object', () => {
    const fragments = [
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      ',',
      ':',
      '\\',
      'a',
      '1',
      'True',
      '//',
      '/*',
      '\n',
      '```',
      '“',
      '：',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...fragments), { maxLength: 40 }), (parts) => {
        const mended = mend(parts.join(''));
        if (mended !== undefined) expect(JSON.parse(mended.text)).toBeTypeOf('object');
      }),
      { seed: 11, numRuns: 3000 },
    );
  });
});
