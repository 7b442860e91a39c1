import { describe, expect, it } from 'vitest';
import type { Message } from '../../chat/message.ts';
import type { ChatRequest } from '../../chat/request.ts';
import { encodeRequest } from './client.ts';
import { brokenOff, readFailure, readRetryAfter, refusalError } from './client-failure.ts';
import { openaiChat } from './protocol.ts';

const user: Message = { role: 'user', content: 'Hi', path: 'messages[0]' };
const plain: ChatRequest = {
  model: 'ours',
  messages: [user],
  tools: [],
  toolChoice: { type: 'auto' },
  parallelCalls: true,
  sampling: {},
  stop: [],
  templateVariables: {},
  warnings: [],
};
const tool = { name: 'f', description: 'd', parameters: { type: 'object' }, path: 'tools[0]' };
const picture = { url: 'data:image/png;base64,AAAA', path: 'messages[0].content[1].image_url' };
const encode = (changes: Partial<ChatRequest>, without: readonly string[] = []) =>
  encodeRequest({ ...plain, ...changes }, { model: 'theirs', without: new Set(without) });

describe('a request', () => {
  it('says no more than was asked', () => {
    expect(encode({})).toEqual({
      model: 'theirs',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('carries every wish in the words of the protocol', () => {
    const body = encode({
      tools: [tool, { ...tool, name: 'g', strict: true }],
      toolChoice: { type: 'tool', name: 'g' },
      parallelCalls: false,
      sampling: {
        temperature: 0,
        topK: 5,
        minP: 0.1,
        repeatPenalty: 1.1,
        maxTokens: 9,
        topLogprobs: 2,
        logitBias: new Map([[7, -1]]),
        seed: 3,
      },
      stop: ['a', 'b', 'c', 'd', 'e'],
      output: { type: 'json_schema', name: 'o', schema: { type: 'object' }, path: '' },
      templateVariables: { enable_thinking: false },
    });
    expect(body).toMatchObject({
      tools: [
        { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } },
        { function: { strict: true } },
      ],
      tool_choice: { type: 'function', function: { name: 'g' } },
      parallel_tool_calls: false,
      temperature: 0,
      top_k: 5,
      min_p: 0.1,
      repetition_penalty: 1.1,
      max_tokens: 9,
      seed: 3,
      logprobs: true,
      top_logprobs: 2,
      logit_bias: { 7: -1 },
      stop: ['a', 'b', 'c', 'd'],
      response_format: { type: 'json_schema', json_schema: { name: 'o', schema: { type: 'object' } } },
      chat_template_kwargs: { enable_thinking: false },
    });
  });

  it('shows only the tools that may be called', () => {
    const body = encode({ tools: [tool, { ...tool, name: 'g' }], toolChoice: { type: 'required', allowed: ['g'] } });
    expect(body).toMatchObject({ tools: [{ function: { name: 'g' } }], tool_choice: 'required' });
  });

  it('leaves out what the server refuses', () => {
    const body = encode({ sampling: { topK: 5, maxTokens: 9 } }, ['top_k', 'max_tokens', 'stream_options']);
    expect(body).toEqual({
      model: 'theirs',
      messages: [{ role: 'user', content: 'Hi' }],
      max_completion_tokens: 9,
      stream: true,
    });
  });

  it('gives history back as it was, with pictures of results behind them', () => {
    const messages: Message[] = [
      {
        ...user,
        parts: [
          { type: 'text', text: 'Look' },
          { type: 'image', image: { ...picture, detail: 'low' } },
        ],
      },
      {
        role: 'assistant',
        content: '',
        reasoning: 'hm',
        calls: [
          { id: 'a', name: 'f', arguments: '{"x": 1.0' },
          { id: 'b', name: 'f', arguments: '{}' },
        ],
        path: '',
      },
      { role: 'tool', callId: 'a', content: '[image 1]', parts: [{ type: 'image', image: picture }], path: '' },
      { role: 'tool', callId: 'b', content: 'none', path: '' },
    ];
    const image = { type: 'image_url', image_url: { url: picture.url } };
    expect(encode({ messages })['messages']).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image_url', image_url: { url: picture.url, detail: 'low' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        reasoning_content: 'hm',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x": 1.0' } },
          { id: 'b', type: 'function', function: { name: 'f', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: '[image 1]' },
      { role: 'tool', tool_call_id: 'b', content: 'none' },
      { role: 'user', content: [{ type: 'text', text: 'The pictures in the result of call a:' }, image] },
    ]);
    expect(encode({ messages }, ['reasoning_content'])['messages']).not.toMatchObject([
      {},
      { reasoning_content: 'hm' },
    ]);
  });

  it('is what our own server reads', () => {
    const request = { ...plain, tools: [tool], sampling: { maxTokens: 4, topK: 2 }, stop: ['x'] };
    const { request: read } = openaiChat.decode(encode(request), { created: 0, report: false });
    expect(read).toMatchObject({ model: 'theirs', messages: [user], sampling: request.sampling, stop: ['x'] });
    expect(read.warnings).toEqual([]);
  });
});

describe('a refusal', () => {
  it.each([
    [400, '{"error":{"message":"bad seed","param":"seed"}}', { code: 'invalid_value', detail: { param: 'seed' } }],
    [400, '{"error":{"message":"x","code":"context_length_exceeded"}}', { code: 'context_length_exceeded' }],
    [422, '{"detail":"no"}', { code: 'invalid_value' }],
    [401, '{"error":{"message":"Incorrect key sk-secret"}}', { code: 'engine_protocol' }],
    [404, '{"error":{"message":"no such model"}}', { code: 'engine_protocol' }],
    [429, '{"error":{"message":"slow down"}}', { code: 'rate_limited', detail: { retryAfter: 7 } }],
    [500, '<html>', { code: 'engine_protocol' }],
    [503, '', { code: 'engine_protocol' }],
  ])('with %i %s', (status, text, expected) => {
    const error = refusalError({ who: 'The remote', status, failure: readFailure(text), retryAfter: 7 });
    expect(error).toMatchObject(expected);
    expect(JSON.stringify(error) + error.message).not.toContain('sk-secret');
  });

  it('reads what servers write, and nothing else', () => {
    expect(readFailure(`[{"error":{"message":"${'m'.repeat(9_000)}"}}]`).message.length).toBeLessThan(700);
    expect(readFailure('nope')).toEqual({ message: 'nope', code: '', param: '' });
    expect(readFailure('{"error":{"message":{},"code":[]}}').message).toBe('');
    expect(brokenOff('The remote', readFailure('{"error":{"code":"rate_limit_exceeded"}}')).code).toBe(
      'engine_protocol',
    );
    expect(readRetryAfter('12')).toBe(12);
    expect(readRetryAfter('Wed, 21 Oct 2026 07:28:00 GMT')).toBeUndefined();
  });
});
