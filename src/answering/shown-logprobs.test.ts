import { describe, expect, it } from 'vitest';
import { answer, ask, hermes, plain } from '../../test/fixtures/answering-world.ts';
import { ShownLogprobs } from './shown-logprobs.ts';

const wanted = (changes = {}) => ask({ sampling: { topLogprobs: 0 }, ...changes });

async function tokensOf(chunks: readonly string[], changes = {}, options = {}) {
  const { choices } = await answer([{ chunks }], wanted(changes), options);
  return { text: choices[0]?.text, tokens: choices[0]?.logprobs?.map(({ token }) => token) };
}

describe('log probabilities of an answer', () => {
  it('are those of the shown tokens, one for each', async () => {
    const chunks = ['Hel', 'lo', ' wor', 'ld', '!'];
    expect(await tokensOf(chunks)).toEqual({ text: 'Hello world!', tokens: chunks });
  });

  it('are absent where nobody asked', async () => {
    const { choices } = await answer([{ chunks: ['Hi'] }]);
    expect(choices[0]).not.toHaveProperty('logprobs');
  });

  it('leave out calls, markers and reasoning', async () => {
    const call = [...hermes('{"city": "Oslo"}')];
    const { text, tokens } = await tokensOf(['<think>', 'I ', 'think', '</think>', 'Let ', 'me', ' see. ', ...call]);
    expect(text).toBe('Let me see. ');
    expect(tokens).toEqual(['Let ', 'me', ' see. ']);
  });

  it('stand behind a call again', async () => {
    const { tokens } = await tokensOf(
      ['One. ', hermes('{"city": "Oslo"}'), ' two', ' three'],
      {},
      { constrained: false },
    );
    expect(tokens).toEqual(['One. ', ' two', ' three']);
  });

  it('wait with the text that is held: a marker that came to nothing, a stop string that was none, blanks', async () => {
    const near = ['<', 'tool', '_', 'cal', 'm', '>'];
    expect((await tokensOf(near)).tokens).toEqual(near);
    const stop = ['the ', 'E', 'N', 'glish', ' E', 'N', 'D', ' more'];
    expect(await tokensOf(stop, { stop: ['END'] })).toEqual({ text: 'the ENglish ', tokens: stop.slice(0, 5) });
    expect((await tokensOf(['\n', ' ', 'a'])).tokens).toEqual(['\n', ' ', 'a']);
    expect((await tokensOf(['\n', ...hermes('{"city": "Oslo"}')])).tokens).toBeUndefined();
  });

  it('come with raw completions as well', async () => {
    const raw = { raw: [{ text: 'x', path: 'prompt' }], tools: [], messages: [], toolChoice: { type: 'none' } };
    expect((await tokensOf(['a', 'b'], raw, { template: plain })).tokens).toEqual(['a', 'b']);
  });
});

describe('ShownLogprobs', () => {
  const drawn = (token: string) => ({ token, bytes: [], logprob: -1, top: [] });

  it('gives a character of several tokens all of them', () => {
    const reader = new ShownLogprobs();
    reader.add({ text: '', tokens: 1, logprobs: [drawn('1')] });
    reader.add({ text: '😀', tokens: 1, logprobs: [drawn('2')] });
    expect(reader.take('😀').map(({ token }) => token)).toEqual(['1', '2']);
  });

  it('takes a token once whose text is shown in two parts, and one whose end is shown', () => {
    const reader = new ShownLogprobs();
    reader.add({ text: 'hello', tokens: 1, logprobs: [drawn('hello')] });
    expect(reader.take('he')).toHaveLength(1);
    expect(reader.take('l')).toHaveLength(0);
    reader.add({ text: ' you', tokens: 1, logprobs: [drawn(' you')] });
    expect(reader.take('lo you')).toHaveLength(1);
    reader.add({ text: '</think>Hi', tokens: 1, logprobs: [drawn('</think>Hi')] });
    expect(reader.take('Hi')).toHaveLength(1);
  });
});
