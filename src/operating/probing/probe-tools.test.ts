/** The probe put to scripted models: what each verdict takes, and what it never does. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeWith, hermes } from '../../../test/fixtures/answering-world.ts';
import { type Script, scriptedClient } from '../../../test/fixtures/scripted-engine.ts';
import { LimitError, RequestError, UnavailableError } from '../../base/errors.ts';
import type { ChatEvent } from '../../chat/event.ts';
import { probeQuestions } from './probe-questions.ts';
import { type AskModel, probeTools } from './probe-tools.ts';

type Name = 'call' | 'no-call' | 'parallel' | 'round-trip' | 'required';

const oslo = hermes('{"city": "Oslo"}');
const lima = hermes('{"city": "Lima, Peru"}');

/** What a model writes that does everything right. */
const right: Readonly<Record<Name, string>> = {
  ...{ call: oslo, 'no-call': 'Fine, thanks!', parallel: `${oslo}\n${lima}` },
  ...{ 'round-trip': '奥斯陆现在２３度。', required: hermes('{"city": "Paris"}') },
};

const never = new AbortController().signal;

/** Probes a model that writes this, through the way of every request. */
function probe(written: Partial<Record<Name, string>>, broken: Partial<Record<Name, Script['end']>> = {}) {
  const scripts = probeQuestions.map(({ name }): Script => {
    const end = broken[name];
    return { chunks: [written[name] ?? right[name]], ...(end && { end }) };
  });
  // A last answer that breaks a promise is asked for again.
  const { client, seen } = scriptedClient([...scripts, ...scripts.slice(-1), ...scripts.slice(-1)], true);
  const complete = completeWith(client);
  const ask: AskModel = (request, signal) => complete({ ...request, model: 'scripted' }, signal);
  return { seen, run: (signal = never) => probeTools(ask, { signal }) };
}

/** Probes a model that answers every question with these events. */
const probeEvents = (events: readonly ChatEvent[]) => probeTools(() => streamOf(events), { signal: never });

async function* streamOf(events: readonly ChatEvent[]): AsyncGenerator<ChatEvent, void, undefined> {
  yield* events;
}

describe('probeTools', () => {
  it('proves a model that calls, answers and obeys', async () => {
    const { run, seen } = probe({});
    const { verdict, steps } = await run();
    expect(verdict).toBe('proven');
    expect(steps.map(({ name, isOk }) => [name, isOk])).toEqual(probeQuestions.map(({ name }) => [name, true]));
    expect(seen.requests.every(({ sampling }) => sampling.temperature === 0 && sampling.maxTokens === 512)).toBe(true);
    expect(steps[2]?.transcript).toBe(
      'asked: user What is the weather in Oslo and in Lima right now?\n' +
        'with: tools get_weather; tool choice auto\n' +
        'came: call get_weather {"city": "Oslo"}\n' +
        'came: call get_weather {"city": "Lima, Peru"}\n' +
        'came: the end, tool_calls\n' +
        'judged: ok',
    );
  });

  it.each<[string, Name, string, string]>([
    ['calls during small talk', 'no-call', oslo, 'it called a tool'],
    ['has nothing to say', 'no-call', ' ', 'it said nothing'],
    ['makes one call at a time', 'parallel', lima, 'one call at a time'],
    ['makes the same call twice', 'parallel', oslo + oslo, 'not valid ones for Oslo and Lima'],
    ['makes too many calls', 'parallel', oslo + lima + oslo, 'two calls were wanted, 3 came'],
  ])('proves a model that %s, and tells it', async (_, name, written, fault) => {
    const { verdict, steps } = await probe({ [name]: written }).run();
    expect(verdict).toBe('proven');
    expect(steps.filter(({ isOk }) => !isOk)).toMatchObject([{ name, transcript: expect.stringContaining(fault) }]);
  });

  it.each<[string, Name, string, string]>([
    ['only talks of calling', 'call', 'I would call get_weather for Oslo.', 'one call was wanted, 0 came'],
    ['asks for another city', 'call', lima, 'not a valid one for Oslo'],
    ['makes the call twice', 'call', oslo + oslo, 'one call was wanted, 2 came'],
    ['calls again with the result at hand', 'round-trip', oslo, 'it called again'],
    ['makes up a result', 'round-trip', 'It is 12 degrees.', 'does not hold the result'],
    ['does not call when it must', 'required', 'You are welcome.', 'invalid_tool_call'],
  ])('fails a model that %s', async (_, name, written, fault) => {
    const { verdict, steps } = await probe({ [name]: written }).run();
    expect(verdict).toBe('failed');
    expect(steps.filter(({ isOk }) => !isOk)).toMatchObject([{ name, transcript: expect.stringContaining(fault) }]);
  });

  it('fails a model whose call is cut by the limit', async () => {
    const { verdict, steps } = await probe({ call: oslo.slice(0, oslo.indexOf('slo')) }, { call: 'length' }).run();
    expect(verdict).toBe('failed');
    expect(steps[0]?.transcript).toMatch(/came: the end, length.*judged: not ok/s);
  });

  it('asks an engine that broke nothing more', async () => {
    const { run, seen } = probe({}, { 'no-call': 'crash' });
    const { verdict, steps } = await run();
    expect(verdict).toBe('failed');
    expect(seen.requests).toHaveLength(2);
    expect(steps.map(({ isOk }) => isOk)).toEqual([true, false, false, false, false]);
    expect(steps[1]?.transcript).toContain('failure: engine_');
    expect(steps[4]?.transcript).toContain('not asked');
  });

  it('goes on after a failure that lies in the question', async () => {
    const error = new RequestError('template_failed', 'The template cannot render\u001b[31m this.');
    const { verdict, steps } = await probeEvents([{ type: 'error', error }]);
    expect(verdict).toBe('failed');
    for (const { transcript } of steps)
      expect(transcript).toContain('failure: template_failed: The template cannot render\\u{1b}[31m this.');
  });

  it('takes a stream out of order, an endless one and an empty one for failures', async () => {
    const twice = await probeEvents([start, start]);
    expect(twice.steps[0]?.transcript).toContain('failure: internal_error');
    const empty = await probeEvents([]);
    expect(empty.verdict).toBe('failed');
    let isFreed = false;
    const endless = await probeTools(
      async function* () {
        yield start;
        try {
          for (;;) yield { type: 'text-delta', text: '', choice: 0 };
        } finally {
          isFreed = true;
        }
      },
      { signal: never },
    );
    expect(endless.steps[0]?.transcript).toContain('failure: engine_protocol');
    expect(isFreed).toBe(true);
  });

  it.each([
    ['nobody could be asked', new UnavailableError('model_stopped', 'It was stopped.')],
    ['it was not let in', new LimitError('rate_limited', 'Too many.')],
  ])('has no verdict if %s', async (_, error) => {
    await expect(probeEvents([{ type: 'error', error }])).rejects.toBe(error);
  });

  it('ends with the signal, in the middle of an answer', async () => {
    const { run, seen } = probe({}, { call: 'never' });
    const leaving = new AbortController();
    const running = run(leaving.signal);
    while (seen.requests.length === 0) await new Promise(setImmediate);
    leaving.abort(new RequestError('conflict', 'enough'));
    await expect(running).rejects.toMatchObject({ code: 'conflict' });
    expect(seen.aborted).toBe(1);
    await expect(run(leaving.signal)).rejects.toMatchObject({ code: 'conflict' });
  });
});

const start: ChatEvent = { type: 'start', id: 'x', choice: 0 };

describe('transcripts', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 900 }),
    fc.string({ unit: 'binary-ascii', maxLength: 900 }),
    fc.constantFrom('\u202e\ud800\u001b]0;title\u0007\n', '😀', '\u{e0041}').map((unit) => unit.repeat(400)),
  );
  const answer = fc.record({ reasoning: text, said: text, calls: fc.array(fc.tuple(text, text), { maxLength: 5 }) });

  it('are short and harmless, whatever a model writes', async () => {
    const harmful = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
    const isHarmless = fc.asyncProperty(answer, async ({ reasoning, said, calls }) => {
      const { steps } = await probeEvents([
        start,
        { type: 'reasoning-delta', text: reasoning, choice: 0 },
        { type: 'text-delta', text: said, choice: 0 },
        ...calls.flatMap(([name, json], index): ChatEvent[] => [
          { type: 'call-start', index, id: `c${index}`, name, choice: 0 },
          { type: 'call-delta', index, json, choice: 0 },
          { type: 'call-end', index, outcome: 'broken', choice: 0 },
        ]),
        { type: 'finish', reason: 'stop', choice: 0 },
      ]);
      for (const { transcript } of steps) {
        expect(Buffer.byteLength(transcript)).toBeLessThanOrEqual(2_048);
        expect(harmful.exec(transcript)).toBeNull();
        expect(transcript).toMatch(/\njudged: [^\n]+$/);
      }
    });
    await fc.assert(isHarmless, { seed: 16, numRuns: 200 });
  });
});
