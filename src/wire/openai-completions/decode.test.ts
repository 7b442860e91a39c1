/** What completions ask, and every way they can ask it wrongly. */

import { describe, expect, it } from 'vitest';
import { type BadBody, itRefuses } from '../bad-body.contract.ts';
import { openaiCompletions } from './protocol.ts';

const decode = (fields: object) =>
  openaiCompletions.decode({ model: 'm', prompt: 'once', ...fields }, { created: 1, report: false });

describe('prompts', () => {
  const read = (prompt: unknown) => decode({ prompt }).request.raw;

  it('are a text, texts, token ids, or lists of them', () => {
    expect(read('a<|end|>')).toEqual([{ text: 'a<|end|>', path: 'prompt' }]);
    expect(read('')).toEqual([{ text: '', path: 'prompt' }]);
    expect(read([1, 2])).toEqual([{ text: [1, 2], path: 'prompt' }]);
    expect(read(['a', [3], 'b'])).toEqual([
      { text: 'a', path: 'prompt[0]' },
      { text: [3], path: 'prompt[1]' },
      { text: 'b', path: 'prompt[2]' },
    ]);
  });

  it('come without a conversation or tools', () => {
    const { request } = decode({});
    expect(request).toMatchObject({ messages: [], tools: [], toolChoice: { type: 'none' }, warnings: [] });
    expect(request.choices).toBeUndefined();
  });
});

describe('the rest', () => {
  it('limits answers to 16 tokens unless told otherwise', () => {
    expect(decode({}).request.sampling).toEqual({ maxTokens: 16 });
    expect(decode({ max_tokens: 0 }).request.sampling).toEqual({ maxTokens: 0 });
    expect(decode({ max_tokens: 50, temperature: 1 }).request.sampling).toEqual({ temperature: 1, maxTokens: 50 });
  });

  it('reads log probabilities as a number', () => {
    expect(decode({ logprobs: 0 }).request.sampling.topLogprobs).toBe(0);
    expect(decode({ logprobs: 5 }).request.sampling.topLogprobs).toBe(5);
    expect(decode({ logprobs: null }).request.sampling.topLogprobs).toBeUndefined();
  });

  it('echoes each prompt before each of its answers', () => {
    expect(decode({ prompt: ['a', 'b'], n: 2, echo: true }).reply.echo).toEqual(['a', 'a', 'b', 'b']);
    expect(decode({ echo: false }).reply.echo).toBeUndefined();
  });

  it('ignores what says nothing of the answer, aloud', () => {
    expect(decode({ user: 'u', best_of: 1, suffix: null }).request.warnings.map(({ param }) => param)).toEqual([
      'user',
    ]);
  });
});

const many = (length: number, item: unknown): unknown[] => Array.from({ length }, () => item);

const rows: ReadonlyArray<readonly [name: string, fields: object, code: string, param: string]> = [
  ['no model', { model: undefined }, 'missing_field', 'model'],
  ['no prompt', { prompt: undefined }, 'missing_field', 'prompt'],
  ['a prompt that is null', { prompt: null }, 'missing_field', 'prompt'],
  ['a prompt that is an object', { prompt: {} }, 'invalid_type', 'prompt'],
  ['a prompt that is a number', { prompt: 5 }, 'invalid_type', 'prompt'],
  ['an empty list of prompts', { prompt: [] }, 'invalid_value', 'prompt'],
  ['an empty list of tokens', { prompt: [[]] }, 'invalid_value', 'prompt[0]'],
  ['a prompt in a list that is an object', { prompt: ['a', {}] }, 'invalid_type', 'prompt[1]'],
  ['a token among texts', { prompt: ['a', 5] }, 'invalid_type', 'prompt[1]'],
  ['a text among tokens', { prompt: [5, 'a'] }, 'invalid_type', 'prompt[1]'],
  ['a negative token', { prompt: [[1, -1]] }, 'invalid_value', 'prompt[0][1]'],
  ['a token with a fraction', { prompt: [1.5] }, 'invalid_type', 'prompt[0]'],
  ['a token beyond every vocabulary', { prompt: [2 ** 31] }, 'invalid_value', 'prompt[0]'],
  ['too many prompts', { prompt: many(129, 'a') }, 'invalid_value', 'prompt'],
  ['too many answers to several prompts', { prompt: many(43, 'a'), n: 3 }, 'invalid_value', 'n'],
  ['no answer', { n: 0 }, 'invalid_value', 'n'],
  ['the best of several', { best_of: 3 }, 'unsupported_field', 'best_of'],
  ['the best of fewer than are sent', { best_of: 1, n: 2 }, 'unsupported_field', 'best_of'],
  ['the best of none', { best_of: 0 }, 'invalid_value', 'best_of'],
  ['a suffix', { suffix: 'end' }, 'unsupported_field', 'suffix'],
  ['an echo as text', { echo: 'true' }, 'invalid_type', 'echo'],
  ['an echo of tokens', { echo: true, prompt: [1] }, 'unsupported_field', 'echo'],
  ['an echo with log probabilities', { echo: true, logprobs: 1 }, 'unsupported_field', 'echo'],
  ['log probabilities as a boolean', { logprobs: true }, 'invalid_type', 'logprobs'],
  ['too many log probabilities', { logprobs: 6 }, 'invalid_value', 'logprobs'],
  ['those of chat', { top_logprobs: 2 }, 'unsupported_field', 'top_logprobs'],
  ['a limit below zero', { max_tokens: -1 }, 'invalid_value', 'max_tokens'],
  ['a bias of a word', { logit_bias: { the: 1 } }, 'invalid_value', 'logit_bias.the'],
  ['messages', { messages: [] }, 'unsupported_field', 'messages'],
  ['tools', { tools: [] }, 'unsupported_field', 'tools'],
  ['a response format', { response_format: { type: 'json_object' } }, 'unsupported_field', 'response_format'],
  ['a temperature too high', { temperature: 3 }, 'invalid_value', 'temperature'],
  ['stream as a number', { stream: 1 }, 'invalid_type', 'stream'],
];

describe('a bad body', () => {
  const body = (fields: object): object => ({ model: 'm', prompt: 'once', ...fields });
  const bad = rows.map(([name, fields, code, param]): BadBody => [name, body(fields), code, param]);
  itRefuses(openaiCompletions, bad);
});
