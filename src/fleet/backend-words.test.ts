import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFlags, readWords } from './backend-words.ts';

const words = (entries: string[]) => readWords(entries).map(({ word }) => word);

describe('readWords', () => {
  it.each<readonly [string, string[], string[]]>([
    ['words that a shell has split', ['--ctx-size', '8192'], ['--ctx-size', '8192']],
    ['one entry of several words', [' --ctx-size  8192\n-np 4'], ['--ctx-size', '8192', '-np', '4']],
    ['a value of its own, with blanks and quotes', ['--x', '{"a": "b c"}'], ['--x', '{"a": "b c"}']],
    ['single quotes', [`--x '{"a": 1}' -y`], ['--x', '{"a": 1}', '-y']],
    ['double quotes', ['--x "a \\"b\\" \\\\ \\n"'], ['--x', 'a "b" \\ \\n']],
    ['quotes behind =', [`--x="a b" -y='c d'`], ['--x=a b', '-y=c d']],
    ['quotes inside a word as letters', ['--x={"a":1} --name=it\'s'], ['--x={"a":1}', "--name=it's"]],
    ['empty quotes', [`--x '' --y=""`], ['--x', '', '--y=']],
    ['entries of blanks', [' ', '\t'], []],
  ])('reads %s', (_, entries, expected) => {
    expect(words(entries)).toEqual(expected);
  });

  it.each([`--x 'a b`, '--x="a b', `--x 'a'b c`])('refuses a quote that is not closed: %s', (entry) => {
    expect(() => readWords(['-a', entry])).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('not closed'),
        detail: { param: 'backendParameters[1]' },
      }),
    );
  });

  it('gives back what was quoted', () => {
    const value = fc.string().filter((text) => !text.includes("'"));
    fc.assert(
      fc.property(value, (text) => {
        expect(words([`--x '${text}' -y`])).toEqual(['--x', text, '-y']);
      }),
    );
  });
});

describe('readFlags', () => {
  it('takes words together, each kept as it was written', () => {
    const flags = readFlags(['--Lora_Scaled a.gguf 0.5', '--jinja', '-C=f', '-c', '-1', '--a.b=2', '3']);
    expect(flags.map(({ name, values, words, path }) => [name, values.map(({ word }) => word), words, path])).toEqual([
      ['lora-scaled', ['a.gguf', '0.5'], ['--Lora_Scaled', 'a.gguf', '0.5'], 'backendParameters[0]'],
      ['jinja', [], ['--jinja'], 'backendParameters[1]'],
      ['C', ['f'], ['-C=f'], 'backendParameters[2]'],
      ['c', ['-1'], ['-c', '-1'], 'backendParameters[3]'],
      ['a.b', ['2', '3'], ['--a.b=2', '3'], 'backendParameters[5]'],
    ]);
  });

  it.each([
    [['8192'], 0],
    [['-c 1', '--x;'], 1],
    [['--'], 0],
    [['-'], 0],
  ])('refuses what is no flag: %j', (entries, index) => {
    expect(() => readFlags(entries)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('is no flag'),
        detail: { param: `backendParameters[${index}]` },
      }),
    );
  });
});
