import { describe, expect, it } from 'vitest';
import { LimitError } from '../base/errors.ts';
import type { ChatEvent } from './event.ts';
import { foldEvents } from './fold.ts';

const start: ChatEvent = { type: 'start', id: 'a', choice: 0 };
const finish: ChatEvent = { type: 'finish', reason: 'stop', choice: 0 };
const text = (delta: string): ChatEvent => ({ type: 'text-delta', text: delta, choice: 0 });
const call: ChatEvent = { type: 'call-start', index: 0, id: 'c', name: 'f', choice: 0 };
const usage: ChatEvent = { type: 'usage', usage: { promptTokens: 1, completionTokens: 2, cachedTokens: 0 } };

describe('foldEvents', () => {
  it('joins deltas and calls', async () => {
    const answer = await foldEvents([
      { type: 'progress', stage: 'queued' },
      start,
      text('a'),
      text('b'),
      call,
      { type: 'call-delta', index: 0, json: '{"x":', choice: 0 },
      { type: 'call-delta', index: 0, json: '1}', choice: 0 },
      { type: 'call-end', index: 0, outcome: 'ok', choice: 0 },
      { type: 'warning', warning: { code: 'w', message: 'm' } },
      { type: 'finish', reason: 'tool_calls', choice: 0 },
      usage,
    ]);
    expect(answer.choices).toEqual([
      {
        id: 'a',
        reasoning: '',
        text: 'ab',
        calls: [{ id: 'c', name: 'f', arguments: '{"x":1}', outcome: 'ok' }],
        finish: 'tool_calls',
      },
    ]);
    expect(answer.usage?.completionTokens).toBe(2);
    expect(answer.warnings).toHaveLength(1);
  });

  it('keeps what came before an error', async () => {
    const error = new LimitError('rate_limited', 'wait');
    const answer = await foldEvents([start, text('a'), { type: 'error', error }]);
    expect(answer.error).toBe(error);
    expect(answer.choices[0]?.text).toBe('a');
  });

  const wrong: ReadonlyArray<readonly [string, ChatEvent[]]> = [
    ['text before start', [text('a')]],
    ['two starts', [start, start]],
    ['text after finish', [start, finish, text('a')]],
    ['text inside a call', [start, call, text('a')]],
    ['a call that skips an index', [start, { ...call, index: 1 } as ChatEvent]],
    ['a delta of a closed call', [start, { type: 'call-delta', index: 0, json: '{', choice: 0 }]],
    ['finish inside a call', [start, call, finish]],
    ['usage before finish', [start, usage]],
    ['usage twice', [start, finish, usage, usage]],
    ['a warning after usage', [start, finish, usage, { type: 'warning', warning: { code: 'w', message: 'm' } }]],
    ['no finish', [start]],
    ['nothing', []],
    ['a choice that skips its start', [{ ...start, choice: 1 } as ChatEvent, text('a')]],
  ];
  it.each(wrong)('throws on %s', async (_, events) => {
    await expect(foldEvents(events)).rejects.toMatchObject({ code: 'internal_error' });
  });
});
