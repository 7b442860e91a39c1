/** Completions against the contract of all protocols, read by a strict client. */

import { expect } from 'vitest';
import type { Json, JsonObject } from '../../base/json.ts';
import { protocolContract, type ReadAnswer } from '../protocol.contract.ts';
import { openaiCompletions } from './protocol.ts';

const fullBody: JsonObject = {
  model: 'm',
  prompt: ['a', [1, 2]],
  n: 2,
  best_of: 2,
  echo: false,
  suffix: '',
  logprobs: 5,
  logit_bias: { '5': -1 },
  max_tokens: 10,
  stop: ['x'],
  seed: 1,
  temperature: 0.5,
  top_p: 0.5,
  top_k: 5,
  min_p: 0.1,
  presence_penalty: 1,
  frequency_penalty: 1,
  repetition_penalty: 1.1,
  stream: true,
  stream_options: { include_usage: true },
};

interface Chunk {
  readonly choices: ReadonlyArray<{ readonly index: number; readonly text: string; readonly finish_reason: Json }>;
  readonly usage: Json;
  readonly aimindserve?: Json;
}

function readStream(text: string): ReadAnswer {
  const answer = { text: '', reasoning: '', calls: [], finish: '', usage: null as Json, report: null as Json };
  const frames = text.split('\n\n');
  expect(frames.pop()).toBe('');
  expect(frames.pop()).toBe('data: [DONE]');
  for (const frame of frames) {
    const chunk: Chunk = JSON.parse(frame.replace(/^data: /, ''));
    expect(chunk).toMatchObject({ object: 'text_completion', id: 'cmpl-0', created: 1 });
    expect(chunk.choices.length).toBe(chunk.usage === null ? 1 : 0);
    for (const choice of chunk.choices) {
      expect(answer.finish).toBe('');
      answer.text += choice.text;
      if (typeof choice.finish_reason === 'string') answer.finish = choice.finish_reason;
    }
    answer.usage = chunk.usage;
    answer.report = chunk.aimindserve ?? null;
  }
  return answer;
}

function readBody(body: JsonObject): ReadAnswer {
  // The encoder's own output, whose shape this test is about.
  const { choices, usage, aimindserve } = body as unknown as Chunk;
  const [choice] = choices;
  const finish = String(choice?.finish_reason);
  return { text: choice?.text ?? '', reasoning: '', calls: [], finish, usage, report: aimindserve ?? null };
}

protocolContract('openai-completions', { protocol: openaiCompletions, fullBody, readStream, readBody });
