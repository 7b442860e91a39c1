/** Chat completions against the contract of all protocols, read by a strict client. */

import { expect } from 'vitest';
import type { Json, JsonObject } from '../../base/json.ts';
import { protocolContract, type ReadAnswer } from '../protocol.contract.ts';
import { openaiChat } from './protocol.ts';

const parameters: Json = {
  type: 'object',
  properties: { city: { type: 'string', enum: ['Oslo'] }, days: { type: 'array', items: { type: 'integer' } } },
  required: ['city'],
};

const fullBody: JsonObject = {
  model: 'm',
  messages: [
    { role: 'system', content: 's' },
    { role: 'user', content: [{ type: 'text', text: 'u' }] },
    {
      role: 'assistant',
      content: null,
      reasoning_content: 'r',
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'result' },
  ],
  tools: [
    { type: 'function', function: { name: 'f', description: 'd', parameters, strict: true } },
    {
      type: 'function',
      function: {
        name: 'g',
        parameters: [
          {
            name: 'a.b',
            type: 'int',
            description: 'x',
            required: true,
            enum: '',
            in: 'query',
            schema: { type: 'int' },
          },
          { name: 'c', type: 'list', items: { type: 'dict', properties: [{ name: 'd', type: 'str' }] }, default: [] },
        ],
      },
    },
  ],
  tool_choice: { type: 'function', function: { name: 'f' } },
  parallel_tool_calls: false,
  stop: ['x'],
  seed: 1,
  temperature: 0.5,
  top_p: 0.5,
  top_k: 5,
  min_p: 0.1,
  presence_penalty: 1,
  frequency_penalty: 1,
  repetition_penalty: 1.1,
  max_completion_tokens: 10,
  stream: true,
  stream_options: { include_usage: true },
  chat_template_kwargs: { enable_thinking: false },
  response_format: { type: 'json_schema', json_schema: { name: 'n', schema: parameters } },
  aimindserve: { guarantee: 'report' },
  n: 2,
  logprobs: true,
  top_logprobs: 3,
  logit_bias: { '5': -1 },
};

interface Chunk {
  readonly id: string;
  readonly choices: ReadonlyArray<{ readonly index: number; readonly delta: Delta; readonly finish_reason: Json }>;
  readonly usage: Json;
  readonly aimindserve?: Json;
}

interface Delta {
  readonly role?: string;
  readonly content?: string | null;
  readonly reasoning_content?: string;
  readonly tool_calls?: ReadonlyArray<{
    readonly index: number;
    readonly id?: string;
    readonly type?: string;
    readonly function: { readonly name?: string; readonly arguments: string };
  }>;
}

class StreamReader {
  readonly answer = { text: '', reasoning: '', finish: '', usage: null as Json, report: null as Json };
  readonly calls: Array<{ id: string; name: string; arguments: string }> = [];
  #hasRole = false;

  read(chunk: Chunk): void {
    expect(chunk).toMatchObject({ object: 'chat.completion.chunk', created: 1, system_fingerprint: 'fp_aimindserve' });
    if (chunk.aimindserve !== undefined) this.answer.report = chunk.aimindserve;
    if (chunk.usage !== null) this.answer.usage = chunk.usage;
    expect(chunk.choices.length).toBe(chunk.usage === null ? 1 : 0);
    for (const { delta, finish_reason } of chunk.choices) {
      expect(this.answer.finish).toBe('');
      expect(delta.role).toBe(this.#hasRole ? undefined : 'assistant');
      this.#hasRole = true;
      this.answer.text += delta.content ?? '';
      this.answer.reasoning += delta.reasoning_content ?? '';
      for (const call of delta.tool_calls ?? []) this.#call(call);
      if (typeof finish_reason === 'string') this.answer.finish = finish_reason;
    }
  }

  #call(call: NonNullable<Delta['tool_calls']>[number]): void {
    const known = this.calls[call.index];
    if (known !== undefined) {
      expect(call.id).toBeUndefined();
      known.arguments += call.function.arguments;
      return;
    }
    expect(call).toMatchObject({ index: this.calls.length, type: 'function', function: { arguments: '' } });
    this.calls.push({ id: call.id ?? 'missing', name: call.function.name ?? 'missing', arguments: '' });
  }
}

function readStream(text: string): ReadAnswer {
  const reader = new StreamReader();
  const frames = text.split('\n\n');
  expect(frames.pop()).toBe('');
  expect(frames.pop()).toBe('data: [DONE]');
  for (const frame of frames) reader.read(JSON.parse(frame.replace(/^data: /, '')));
  return { ...reader.answer, calls: reader.calls };
}

function readBody(body: JsonObject): ReadAnswer {
  // The encoder's own output, whose shape this test is about.
  const { choices, usage, aimindserve } = body as unknown as {
    readonly choices: ReadonlyArray<{
      readonly finish_reason: string;
      readonly message: {
        readonly content: string | null;
        readonly reasoning_content?: string;
        readonly tool_calls?: ReadonlyArray<{ id: string; function: { name: string; arguments: string } }>;
      };
    }>;
    readonly usage: Json;
    readonly aimindserve?: Json;
  };
  const message = choices[0]?.message;
  return {
    text: message?.content ?? '',
    reasoning: message?.reasoning_content ?? '',
    calls: (message?.tool_calls ?? []).map((call) => ({ id: call.id, ...call.function })),
    finish: choices[0]?.finish_reason ?? '',
    usage,
    report: aimindserve ?? null,
  };
}

protocolContract('openai-chat', { protocol: openaiChat, fullBody, readStream, readBody });
