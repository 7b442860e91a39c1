import { describe, expect, it } from 'vitest';
import { answer, ask, completeWith, hermes, plain } from '../../test/fixtures/answering-world.ts';
import { scriptedClient } from '../../test/fixtures/scripted-engine.ts';
import type { ChatEvent } from '../chat/event.ts';
import { foldEvents } from '../chat/fold.ts';

describe('several choices', () => {
  it('are answered independently, with seeds of their own, and their prompt is counted once', async () => {
    const scripts = [{ chunks: ['one'] }, { chunks: [hermes('{"city": "Oslo"}')] }, { chunks: ['th', 'ree'] }];
    const { choices, usage, seen } = await answer(scripts, ask({ choices: 3, sampling: { seed: 7 } }));
    expect(choices).toMatchObject([
      { text: 'one', finish: 'stop' },
      { text: '', finish: 'tool_calls', calls: [{ name: 'get_weather' }] },
      { text: 'three', finish: 'stop' },
    ]);
    expect(new Set(choices.map(({ id }) => id)).size).toBe(1);
    const seeds = seen.requests.map(({ sampling }) => sampling.seed);
    expect(seeds[0]).toBe(7);
    expect(new Set(seeds).size).toBe(3);
    expect(seen.prompts).toHaveLength(1);
    expect(usage).toEqual({ promptTokens: 10, completionTokens: 4, cachedTokens: 4 });
  });

  it('run at the same time and come as they come', async () => {
    const { client } = scriptedClient([{ chunks: ['a', 'b', 'c'] }, { chunks: ['d', 'e', 'f'] }], true);
    const order: number[] = [];
    for await (const event of completeWith(client)(ask({ choices: 2 }), new AbortController().signal))
      if (event.type === 'text-delta') order.push(event.choice);
    expect(order.slice(0, 4).toSorted()).toEqual([0, 0, 1, 1]);
  });

  it('warn once about the same thing', async () => {
    const bad = { chunks: [hermes('{"days": 1}')] };
    const { warnings, choices } = await answer([bad, bad, bad, bad], ask({ choices: 2 }), { constrained: false });
    expect(warnings.map(({ code }) => code)).toEqual(['call_left_out']);
    expect(choices).toHaveLength(2);
  });

  it('fail together: before any model event that is all there is, later the error ends what was begun', async () => {
    const early = await answer(
      [
        { chunks: [], end: 'crash' },
        { chunks: [], end: 'never' },
      ],
      ask({ choices: 2 }),
    );
    expect(early.error).toMatchObject({ kind: 'engine' });
    expect(early.choices).toEqual([]);
    expect(early.seen.aborted).toBe(2);
    const scripts = [
      { chunks: ['half'], end: 'crash' },
      { chunks: ['other'], end: 'never' },
    ] as const;
    const late = await answer(scripts, ask({ choices: 2 }));
    expect(late.error).toMatchObject({ kind: 'engine' });
    expect(late.choices.map(({ text }) => text)).toContain('half');
    expect(late.seen.aborted).toBe(2);
  });

  it('all end when the client leaves', async () => {
    const never = { chunks: ['a'], end: 'never' } as const;
    const { client, seen } = scriptedClient([never, never, never], true);
    const leaving = new AbortController();
    const events: ChatEvent[] = [];
    for await (const event of completeWith(client)(ask({ choices: 3 }), leaving.signal)) {
      events.push(event);
      if (events.length === 6) leaving.abort();
    }
    expect(seen.aborted).toBe(3);
    expect(events.some(({ type }) => type === 'error')).toBe(false);
  });

  it('end too when the reader stops reading', async () => {
    const never = { chunks: ['a'], end: 'never' } as const;
    const { client, seen } = scriptedClient([never, never], true);
    for await (const event of completeWith(client)(ask({ choices: 2 }), new AbortController().signal))
      if (event.type === 'text-delta') break;
    expect(seen.aborted).toBe(2);
  });
});

describe('a raw completion', () => {
  const raw = (text: string | readonly number[], place = 0) => ({ text, path: `prompt[${place}]` });
  const request = (...texts: (string | readonly number[])[]) =>
    ask({ tools: [], messages: [], toolChoice: { type: 'none' }, raw: texts.map(raw) });

  it('continues the prompt as it stands: no template, no format, no marker', async () => {
    const written = `<think>x</think>${hermes('{"city": "Oslo"}')}`;
    const { choices, seen, report } = await answer([{ chunks: [...written] }], request('Once <|im_end|>'));
    expect(choices).toMatchObject([{ text: written, reasoning: '', calls: [], finish: 'stop' }]);
    expect(seen.prompts).toEqual(['Once <|im_end|>']);
    expect(seen.requests[0]?.constraint.grammar).toBeUndefined();
    expect(report?.path).toBe('native');
  });

  it('answers several prompts several times and honours stops', async () => {
    const scripts = ['a', 'b', 'cEND', 'd'].map((text) => ({ chunks: [text] }));
    const asked = { ...request('one', 'two'), choices: 2, stop: ['END'] };
    const { choices, usage } = await answer(scripts, asked);
    expect(choices.map(({ text }) => text)).toEqual(['a', 'b', 'c', 'd']);
    expect(usage?.promptTokens).toBe(11);
  });

  it('takes token ids unchanged, and refuses ids and prompts that are none', async () => {
    const { seen, choices } = await answer([{ chunks: ['ok'] }], request([1, 2, 255]));
    expect([...(seen.requests[0]?.tokens ?? [])]).toEqual([1, 2, 255]);
    expect(choices[0]?.text).toBe('ok');
    for (const wrong of [[1, 256], [-1], [], '']) {
      const { error } = await answer([], request('fine', wrong));
      expect(error).toMatchObject({ code: 'invalid_value', detail: { param: 'prompt[1]' } });
    }
  });

  it('that does not fit is refused with its place, before the engine sees it if it is hopeless', async () => {
    for (const [wrong, prompts] of [
      ['x'.repeat(8_000), 2],
      ['x'.repeat(300_000), 0],
    ] as const) {
      const { error, seen } = await answer([], request('fine', wrong));
      expect(error).toMatchObject({ code: 'context_length_exceeded', detail: { param: 'prompt[1]' } });
      expect(seen.prompts).toHaveLength(prompts);
    }
  });

  it('keeps blanks', async () => {
    const { choices } = await answer([{ chunks: [' ', '\n', 'x', ' '] }], request('one'), { template: plain });
    expect(choices[0]?.text).toBe(' \nx ');
  });
});

describe('the report', () => {
  it('holds the text as it was written, of all attempts, when that is asked for', async () => {
    const scripts = [{ chunks: ['Hm. ', hermes('{"days": 1}')] }, { chunks: [hermes('{"city": "Oslo"}')] }];
    const { report } = await answer(scripts, ask({ reportsRaw: true }), { constrained: false });
    expect(report?.raw).toBe(`Hm. ${hermes('{"days": 1}')}\n\n${hermes('{"city": "Oslo"}')}`);
    const { client } = scriptedClient([{ chunks: ['x'] }], true);
    const silent = await foldEvents(completeWith(client)(ask(), new AbortController().signal));
    expect(silent.report).not.toHaveProperty('raw');
  });
});
