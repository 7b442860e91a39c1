import { describe, expect, it } from 'vitest';
import { ask, completeWith, hermes, user } from '../../test/fixtures/answering-world.ts';
import { scriptedClient } from '../../test/fixtures/scripted-engine.ts';
import { foldEvents } from '../chat/fold.ts';
import type { ChatRequest } from '../chat/request.ts';
import { ReasoningMemory } from './reasoning-memory.ts';

/** The second turn of a conversation that called a tool. */
const second = (callId: string, changes: Partial<ChatRequest> = {}, reasoning?: string): ChatRequest => {
  const call = { id: callId, name: 'get_weather', arguments: '{"city":"Oslo"}' };
  const turn = { role: 'assistant', content: '', calls: [call], path: 'messages[1]' } as const;
  return ask({
    messages: [
      user('Weather?'),
      { ...turn, ...(reasoning !== undefined && { reasoning }) },
      { role: 'tool', callId, content: 'sun', path: 'messages[2]' },
    ],
    ...changes,
  });
};

function memoryAt() {
  const time = { ms: 0 };
  return { time, memory: new ReasoningMemory({ nowMs: () => time.ms, unixMs: () => 0, unixSeconds: () => 0 }) };
}

describe('a turn that thought and called', () => {
  const scripts = [
    { chunks: ['<think>\nIt is about Oslo.\n</think>\n\n', hermes('{"city": "Oslo"}')] },
    { chunks: ['Sun.'] },
  ];

  async function converse(changes: Partial<ChatRequest>, reasoning?: string) {
    const { client, seen } = scriptedClient(scripts, true);
    const complete = completeWith(client);
    const signal = new AbortController().signal;
    const first = await foldEvents(complete(ask({ caller: 'one' }), signal));
    const callId = first.choices[0]?.calls[0]?.id ?? '';
    const answered = await foldEvents(complete(second(callId, { caller: 'one', ...changes }, reasoning), signal));
    return { prompt: seen.prompts[1], warnings: answered.warnings.map(({ code }) => code) };
  }

  it('has its reasoning put back when the client left it out', async () => {
    const { prompt, warnings } = await converse({});
    expect(prompt).toContain('It is about Oslo.');
    expect(warnings).toEqual(['reasoning_restored']);
  });

  it('keeps what the client sent, if only nothing', async () => {
    for (const reasoning of ['', 'My own.']) {
      const { prompt, warnings } = await converse({}, reasoning);
      expect(prompt).not.toContain('It is about Oslo.');
      expect(warnings).toEqual([]);
    }
  });

  it('is nobody else’s', async () => {
    const { prompt, warnings } = await converse({ caller: 'two' });
    expect(prompt).not.toContain('It is about Oslo.');
    expect(warnings).toEqual([]);
  });
});

describe('ReasoningMemory', () => {
  it('forgets after an hour', () => {
    const { memory, time } = memoryAt();
    memory.remember(second('a'), 'a', 'thought');
    time.ms = 3_600_000;
    expect(memory.restore(second('a')).isRestored).toBe(true);
    time.ms = 3_600_001;
    expect(memory.restore(second('a')).isRestored).toBe(false);
  });

  it('is bounded: the longest unused goes first, and what is too long is not kept', () => {
    const { memory } = memoryAt();
    const long = 'x'.repeat(200_000);
    for (let index = 0; index < 39; index++) memory.remember(second(''), String(index), long);
    expect(memory.restore(second('0')).isRestored).toBe(true);
    for (const id of ['39', '40']) memory.remember(second(''), id, long);
    expect(memory.restore(second('0')).isRestored).toBe(true);
    expect(memory.restore(second('1')).isRestored).toBe(false);
    memory.remember(second(''), 'too long', `${long}x`);
    expect(memory.restore(second('too long')).isRestored).toBe(false);
  });

  it('tells models apart', () => {
    const { memory } = memoryAt();
    memory.remember(second('a'), 'a', 'thought');
    expect(memory.restore(second('a', { model: 'other' })).isRestored).toBe(false);
  });
});
