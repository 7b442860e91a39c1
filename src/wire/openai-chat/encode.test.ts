/** Answers byte by byte: what clients see, and that they see nothing else. */

import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../chat/event.ts';
import { foldEvents } from '../../chat/fold.ts';
import type { Reply } from '../protocol.ts';
import { openaiChat } from './protocol.ts';

const reply: Reply = {
  stream: true,
  model: 'm',
  created: 9,
  includeUsage: false,
  envelope: false,
  report: false,
};

const start: ChatEvent = { type: 'start', choice: 0, id: 'chatcmpl-1' };
const usage: ChatEvent = { type: 'usage', usage: { promptTokens: 2, completionTokens: 3, cachedTokens: 1 } };
const callOf = (deltas: readonly string[], outcome: 'ok' | 'cut' = 'ok'): ChatEvent[] => [
  { type: 'call-start', choice: 0, index: 0, id: 'chatcmpl-tool-1', name: 'f' },
  ...deltas.map((json): ChatEvent => ({ type: 'call-delta', choice: 0, index: 0, json })),
  { type: 'call-end', choice: 0, index: 0, outcome },
];
const drawn = (token: string, logprob: number) => ({ token, bytes: [...Buffer.from(token)], logprob });
const finish = (reason: 'stop' | 'length' | 'tool_calls'): ChatEvent => ({ type: 'finish', choice: 0, reason });

function frames(events: readonly ChatEvent[], changes: Partial<Reply> = {}): string[] {
  const encoder = openaiChat.frames({ ...reply, ...changes });
  const text = events.map((event) => encoder.encode(event)).join('') + encoder.end();
  return text.split('\n\n').slice(0, -1);
}

const head =
  '"id":"chatcmpl-1","object":"chat.completion.chunk","created":9,"model":"m","system_fingerprint":"fp_aimindserve"';
const chunk = (delta: string, reason = 'null'): string =>
  `data: {${head},"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${reason}}]}`;

describe('a stream', () => {
  it('of text', () => {
    const said: ChatEvent[] = [start, { type: 'text-delta', choice: 0, text: 'a\n"\u2028' }, finish('stop'), usage];
    expect(frames(said)).toEqual([
      chunk('{"role":"assistant","content":""}'),
      chunk('{"content":"a\\n\\"\\u2028"}'),
      chunk('{}', '"stop"'),
      'data: [DONE]',
    ]);
  });

  it('of a call: id, type and name first, then arguments', () => {
    expect(frames([start, ...callOf(['{"a":', '1}']), finish('tool_calls'), usage])).toEqual([
      chunk('{"role":"assistant","content":null}'),
      chunk(
        '{"tool_calls":[{"index":0,"id":"chatcmpl-tool-1","type":"function","function":{"name":"f","arguments":""}}]}',
      ),
      chunk('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\":"}}]}'),
      chunk('{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}'),
      chunk('{}', '"tool_calls"'),
      'data: [DONE]',
    ]);
  });

  it('gives a call without arguments an empty object, but leaves a cut one cut', () => {
    expect(frames([start, ...callOf([]), finish('tool_calls')])[2]).toBe(
      chunk('{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}'),
    );
    expect(frames([start, ...callOf([], 'cut'), finish('length')])[2]).toBe(chunk('{}', '"length"'));
  });

  it('of log probabilities, beside the text they belong to', () => {
    const logprobs = [{ ...drawn('a', -0.5), top: [drawn('a', -0.5), drawn('b\u2028', -1)] }];
    const said: ChatEvent = { type: 'text-delta', choice: 0, text: 'a', logprobs };
    const told =
      '{"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"a","logprob":-0.5,"bytes":[97]},' +
      '{"token":"b\\u2028","logprob":-1,"bytes":[98,226,128,168]}]}],"refusal":null}';
    expect(frames([start, said, finish('stop')])).toEqual([
      chunk('{"role":"assistant","content":""}'),
      chunk('{"content":"a"}').replace('"logprobs":null', `"logprobs":${told}`),
      chunk('{}', '"stop"'),
      'data: [DONE]',
    ]);
  });

  it('of a call to a function of the older spelling', () => {
    const said = [start, ...callOf(['{"a":', '1}']), finish('tool_calls')];
    expect(frames(said, { functionCall: true })).toEqual([
      chunk('{"role":"assistant","content":null}'),
      chunk('{"function_call":{"name":"f","arguments":""}}'),
      chunk('{"function_call":{"arguments":"{\\"a\\":"}}'),
      chunk('{"function_call":{"arguments":"1}"}}'),
      chunk('{}', '"function_call"'),
      'data: [DONE]',
    ]);
    expect(frames([start, ...callOf([]), finish('tool_calls')], { functionCall: true })[2]).toBe(
      chunk('{"function_call":{"arguments":"{}"}}'),
    );
    expect(frames([start, finish('length')], { functionCall: true })[1]).toBe(chunk('{}', '"length"'));
  });

  it('of several choices, each with its index, role and reason', () => {
    const second = (events: readonly ChatEvent[]): ChatEvent[] =>
      events.map((event) => ('choice' in event ? { ...event, choice: 1 } : event));
    const text: ChatEvent = { type: 'text-delta', choice: 0, text: 'a' };
    const [first = start, ...rest] = [start, ...callOf(['{}']), finish('tool_calls')];
    const written = frames([
      ...second([first]),
      start,
      ...second(rest.slice(0, 2)),
      text,
      ...second(rest.slice(2)),
      finish('stop'),
    ]);
    const of = (index: number) =>
      written
        .filter((frame) => frame.includes(`"choices":[{"index":${index},`))
        .map((frame) => frame.replace(/"index":1,"delta"/, '"index":0,"delta"'));
    expect(of(0)).toEqual([
      chunk('{"role":"assistant","content":""}'),
      chunk('{"content":"a"}'),
      chunk('{}', '"stop"'),
    ]);
    expect(of(1)).toEqual(frames([first, ...rest]).slice(0, -1));
    expect(written).toHaveLength(of(0).length + of(1).length + 1);
  });

  it('of nothing still has a role and a reason', () => {
    expect(frames([start, finish('length')])).toEqual([
      chunk('{"role":"assistant","content":""}'),
      chunk('{}', '"length"'),
      'data: [DONE]',
    ]);
  });

  it('shows progress as comments', () => {
    const waiting: ChatEvent = { type: 'progress', stage: 'queued', position: 2 };
    expect(frames([waiting, start, finish('stop')])[0]).toBe(': queued 2');
  });

  it('ends with usage if asked, and says null before', () => {
    const written = frames([start, finish('stop'), usage], { includeUsage: true });
    expect(written[0]).toContain('],"usage":null}');
    expect(written.at(-2)).toBe(
      `data: {${head},"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1}}}`,
    );
  });

  it('wears the envelope on every chunk, the report on the last', () => {
    const report: ChatEvent = {
      type: 'report',
      report: { format: 'hermes', path: 'native', deployment: 'm', queueMs: 5 },
    };
    const warned: ChatEvent = { type: 'warning', warning: { code: 'call_cut', message: 'x' } };
    const written = frames([warned, start, ...callOf(['{}']), finish('tool_calls'), usage, report], {
      envelope: true,
      report: true,
    });
    for (const frame of written.slice(0, -1))
      expect(frame).toContain('data: {"request_id":"chatcmpl-1","message":"","output":null,"id"');
    expect(JSON.parse(written.at(-2)?.slice(6) ?? '')).toMatchObject({
      choices: [],
      aimindserve: {
        format: 'hermes',
        path: 'native',
        queue_ms: 5,
        cached_tokens: 1,
        calls: [{ id: 'chatcmpl-tool-1', outcome: 'ok', enforced: false, relaxed: [], mended: [] }],
        warnings: [{ code: 'call_cut', message: 'x' }],
      },
    });
  });
});

describe('a body', () => {
  it('holds the fields of OpenAI and no other', async () => {
    const answer = await foldEvents([start, ...callOf(['{"a":', '1']), finish('length'), usage]);
    expect(openaiChat.body(answer, reply)).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 9,
      model: 'm',
      system_fingerprint: 'fp_aimindserve',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: null,
            refusal: null,
            tool_calls: [{ id: 'chatcmpl-tool-1', type: 'function', function: { name: 'f', arguments: '{"a":1' } }],
          },
          logprobs: null,
          finish_reason: 'length',
        },
      ],
      usage: {
        prompt_tokens: 2,
        completion_tokens: 3,
        total_tokens: 5,
        prompt_tokens_details: { cached_tokens: 1 },
      },
    });
  });

  it('holds log probabilities and several choices', async () => {
    const logprobs = [{ ...drawn('é', -0.25), top: [] }];
    const said: ChatEvent[] = [
      start,
      { ...start, choice: 1 },
      { type: 'text-delta', choice: 0, text: 'é', logprobs },
      { type: 'text-delta', choice: 0, text: 'é', logprobs },
      { type: 'finish', choice: 1, reason: 'length' },
      finish('stop'),
    ];
    const content = { token: 'é', logprob: -0.25, bytes: [0xc3, 0xa9], top_logprobs: [] };
    expect(openaiChat.body(await foldEvents(said), reply)['choices']).toEqual([
      expect.objectContaining({ index: 0, logprobs: { content: [content, content], refusal: null } }),
      expect.objectContaining({ index: 1, logprobs: null, finish_reason: 'length' }),
    ]);
  });

  it('holds the call of a function of the older spelling', async () => {
    const answer = await foldEvents([start, ...callOf([]), finish('tool_calls')]);
    expect(openaiChat.body(answer, { ...reply, functionCall: true })['choices']).toEqual([
      {
        index: 0,
        message: { role: 'assistant', content: null, refusal: null, function_call: { name: 'f', arguments: '{}' } },
        logprobs: null,
        finish_reason: 'function_call',
      },
    ]);
  });

  it('wears the envelope of the list dialect', async () => {
    const answer = await foldEvents([start, finish('stop')]);
    expect(openaiChat.body(answer, { ...reply, envelope: true })).toMatchObject({
      request_id: 'chatcmpl-1',
      message: '',
      output: null,
      id: 'chatcmpl-1',
      choices: [{ message: { content: '' } }],
      usage: { total_tokens: 0 },
    });
  });
});
