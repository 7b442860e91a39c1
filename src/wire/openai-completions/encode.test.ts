/** Completions as clients see them. */

import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../chat/event.ts';
import { foldEvents } from '../../chat/fold.ts';
import type { Reply } from '../protocol.ts';
import { openaiCompletions } from './protocol.ts';

const reply: Reply = { stream: true, model: 'm', created: 9, includeUsage: false, envelope: false, report: false };
const start = (choice: number): ChatEvent => ({ type: 'start', choice, id: 'chatcmpl-1' });
const finish = (choice: number, reason: 'stop' | 'length' = 'stop'): ChatEvent => ({ type: 'finish', choice, reason });
const usage: ChatEvent = { type: 'usage', usage: { promptTokens: 2, completionTokens: 3, cachedTokens: 1 } };

function say(choice: number, text: string, tokens?: readonly string[]): ChatEvent {
  const logprobs = tokens?.map((hex, index) => {
    const bytes = [...Buffer.from(hex, 'hex')];
    const drawn = { token: Buffer.from(bytes).toString('utf8'), bytes, logprob: -index - 1 };
    return { ...drawn, top: [{ token: 'x', bytes: [120], logprob: -0.5 }] };
  });
  return { type: 'text-delta', choice, text, ...(logprobs && { logprobs }) };
}

function frames(events: readonly ChatEvent[], changes: Partial<Reply> = {}): string[] {
  const encoder = openaiCompletions.frames({ ...reply, ...changes });
  const text = events.map((event) => encoder.encode(event)).join('') + encoder.end();
  return text.split('\n\n').slice(0, -1);
}

const head = '"id":"cmpl-1","object":"text_completion","created":9,"model":"m","system_fingerprint":"fp_aimindserve"';
const chunk = (text: string, { index = 0, reason = 'null', logprobs = 'null' } = {}): string =>
  `data: {${head},"choices":[{"text":${text},"index":${index},"logprobs":${logprobs},"finish_reason":${reason}}]}`;

describe('a stream', () => {
  it('is text, then a reason', () => {
    expect(frames([start(0), say(0, 'a\u2028'), finish(0), usage])).toEqual([
      chunk('"a\\u2028"'),
      chunk('""', { reason: '"stop"' }),
      'data: [DONE]',
    ]);
  });

  it('numbers its choices, and sends nothing before one speaks', () => {
    expect(frames([start(1), start(0), say(1, 'b'), finish(1), finish(0, 'length')])).toEqual([
      chunk('"b"', { index: 1 }),
      chunk('""', { index: 1, reason: '"stop"' }),
      chunk('""', { reason: '"length"' }),
      'data: [DONE]',
    ]);
    const encoder = openaiCompletions.frames({ ...reply, echo: ['p'] });
    expect(encoder.encode(start(0))).toBe('');
  });

  it('begins each choice with its echo, even one that says nothing', () => {
    const said = [start(0), start(1), say(0, 'a'), say(0, 'b'), finish(0), finish(1)];
    const texts = frames(said, { echo: ['p', 'q'] })
      .slice(0, -1)
      .map((frame) => /"text":"(\w*)","index":(\d)/.exec(frame)?.slice(1).join(''));
    expect(texts).toEqual(['p0', 'a0', 'b0', '0', 'q1', '1']);
  });

  it('goes on counting offsets from part to part', () => {
    const [first, second] = frames([start(0), say(0, 'aé', ['61', 'c3a9']), say(0, 'b', ['62']), finish(0)]);
    expect(first).toBe(
      chunk('"aé"', {
        logprobs:
          '{"tokens":["a","é"],"token_logprobs":[-1,-2],"top_logprobs":[{"x":-0.5,"a":-1},{"x":-0.5,"é":-2}],"text_offset":[0,1]}',
      }),
    );
    expect(second).toContain('"text_offset":[2]');
  });

  it('ends with usage if asked', () => {
    const written = frames([start(0), finish(0), usage], { includeUsage: true });
    expect(written[0]).toContain('"usage":null}');
    expect(written.at(-2)).toContain('"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":5');
  });
});

describe('a body', () => {
  it('holds the fields of OpenAI and no other', async () => {
    const answer = await foldEvents([start(0), start(1), say(0, 'a'), finish(0), finish(1, 'length'), usage]);
    expect(openaiCompletions.body(answer, { ...reply, echo: ['p', 'q'] })).toEqual({
      ...JSON.parse(`{${head}}`),
      choices: [
        { text: 'pa', index: 0, logprobs: null, finish_reason: 'stop' },
        { text: 'q', index: 1, logprobs: null, finish_reason: 'length' },
      ],
      usage: {
        prompt_tokens: 2,
        completion_tokens: 3,
        total_tokens: 5,
        prompt_tokens_details: { cached_tokens: 1 },
      },
    });
  });

  it('tells where in the text each token begins, in code points, and spells bytes that are no text', async () => {
    // "😀海a": one token, two tokens that split a code point, one token.
    const said = say(0, '😀海a', ['f09f9880', 'e6', 'b5b7', '61']);
    const answer = await foldEvents([start(0), said, finish(0)]);
    expect(openaiCompletions.body(answer, reply)['choices']).toMatchObject([
      { logprobs: { tokens: ['😀', 'bytes:\\xe6', 'bytes:\\xb5\\xb7', 'a'], text_offset: [0, 1, 1, 2] } },
    ]);
  });
});
