/** What bodies ask beyond the plain question: several answers, log probabilities, bias, allowed tools, functions. */

import { describe, expect, it } from 'vitest';
import type { DecodeContext } from '../protocol.ts';
import { openaiChat } from './protocol.ts';

const definition = (name: string) => ({ name, parameters: { type: 'object', properties: {} } });
const tool = (name: string) => ({ type: 'function', function: definition(name) });

function decode(fields: object, context: Partial<DecodeContext> = {}) {
  const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }], ...fields };
  return openaiChat.decode(body, { created: 1, report: false, ...context });
}

describe('decode', () => {
  it('reads how many answers are wanted', () => {
    expect(decode({ n: 128 }).request.choices).toBe(128);
    expect(decode({}).request.choices).toBeUndefined();
  });

  it('reads log probabilities: whether, and how many beside', () => {
    expect(decode({ logprobs: true }).request.sampling).toEqual({ topLogprobs: 0 });
    expect(decode({ logprobs: true, top_logprobs: 20 }).request.sampling).toEqual({ topLogprobs: 20 });
    expect(decode({ logprobs: false, top_logprobs: 0 }).request.sampling).toEqual({});
  });

  it('reads a bias by token', () => {
    const { sampling } = decode({ logit_bias: { '50256': -100, '0': 0.5 } }).request;
    expect([...(sampling.logitBias ?? [])]).toEqual([
      [0, 0.5],
      [50_256, -100],
    ]);
  });

  it('reads allowed tools in both spellings; the model still sees all', () => {
    const tools = [tool('f'), tool('g'), tool('h')];
    const wrapped = { mode: 'required', tools: [tool('g'), { type: 'function', function: { name: 'f' } }, tool('g')] };
    const { request } = decode({ tools, tool_choice: { type: 'allowed_tools', allowed_tools: wrapped } });
    expect(request.toolChoice).toEqual({ type: 'required', allowed: ['g', 'f'] });
    expect(request.tools.map(({ name }) => name)).toEqual(['f', 'g', 'h']);
    const bare = { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'h' }] };
    expect(decode({ tools, tool_choice: bare }).request.toolChoice).toEqual({ type: 'auto', allowed: ['h'] });
  });

  it('reads functions as tools, of which one may be called', () => {
    const functions = [definition('f'), { name: 'g', description: 'd' }];
    const { request, reply } = decode({ functions, function_call: { name: 'g' }, parallel_tool_calls: true });
    expect(request.tools).toEqual([
      { name: 'f', description: '', parameters: definition('f').parameters, path: 'functions[0].parameters' },
      {
        name: 'g',
        description: 'd',
        parameters: { type: 'object', properties: {} },
        path: 'functions[1].parameters',
      },
    ]);
    expect(request).toMatchObject({ toolChoice: { type: 'tool', name: 'g' }, parallelCalls: false, warnings: [] });
    expect(reply.functionCall).toBe(true);
    for (const type of ['auto', 'none'])
      expect(decode({ functions, function_call: type, tools: [] }).request.toolChoice).toEqual({ type });
    expect(decode({ tools: [tool('f')], functions: [] }).reply.functionCall).toBeUndefined();
  });

  it('takes the guarantee from the body before that of the header', () => {
    const body = { aimindserve: { guarantee: 'off' } };
    expect(decode({}, { guarantee: 'report' }).request.guarantee).toBe('report');
    expect(decode(body, { guarantee: 'report' }).request.guarantee).toBe('off');
    expect(decode({}).request.guarantee).toBeUndefined();
  });

  it('asks for the unparsed text only where the header does', () => {
    expect(decode({}, { report: true, raw: true }).request.reportsRaw).toBe(true);
    expect(decode({}, { report: true }).request.reportsRaw).toBeUndefined();
  });
});
