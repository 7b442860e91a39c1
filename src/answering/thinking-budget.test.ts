import { describe, expect, it } from 'vitest';
import { answer, ask, completeWith, hermes } from '../../test/fixtures/answering-world.ts';
import { type Script, scriptedClient } from '../../test/fixtures/scripted-engine.ts';
import { foldEvents } from '../chat/fold.ts';
import type { Piece } from '../chat/piece.ts';
import { promptText } from '../chat/prompt.ts';
import type { ChatRequest } from '../chat/request.ts';
import { compileGrammar } from '../grammar/automaton.ts';

const thoughts: Script = { chunks: ['<think>', '\n', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], end: 'never' };
const call: Script = { chunks: ['\n', hermes('{"city": "Oslo"}')] };
const forced = (changes: Partial<ChatRequest> = {}) =>
  ask({ toolChoice: { type: 'required' }, sampling: { maxTokens: 10 }, ...changes });

describe('reasoning before a forced call', () => {
  it('is ended after half of the answer, and the answer goes on behind it as one', async () => {
    const { choices, usage, warnings, seen, report } = await answer([thoughts, call], forced({ reportsRaw: true }));
    expect(choices).toMatchObject([
      {
        reasoning: 'abc',
        text: '',
        finish: 'tool_calls',
        calls: [{ name: 'get_weather', arguments: '{"city": "Oslo"}' }],
      },
    ]);
    expect(warnings.map(({ code }) => code)).toEqual(['reasoning_cut']);
    expect(seen.prompts).toHaveLength(2);
    expect(seen.prompts[1]).toBe(`${seen.prompts[0]}<think>\nabc</think>`);
    expect(seen.requests.map(({ sampling }) => sampling.maxTokens)).toEqual([10, 5]);
    expect(seen.aborted).toBe(2);
    expect(usage?.completionTokens).toBe(5 + 2);
    expect(usage?.promptTokens).toBe(seen.requests[0]?.tokens.length);
    expect(report?.raw).toBe(`<think>\nabc</think>\n${hermes('{"city": "Oslo"}')}`);
  });

  it('is followed by nothing but the call: the grammar of the rest says so', async () => {
    const { seen } = await answer([thoughts, call], forced());
    const grammar = seen.requests[1]?.constraint.grammar;
    if (grammar === undefined) throw new RangeError('the rest is not held to a grammar');
    const accepts = (text: string): boolean => {
      const cursor = compileGrammar(grammar).start();
      return cursor.accept(new TextEncoder().encode(text)) && cursor.mayEnd();
    };
    expect(accepts(`\n\n${hermes('{"city": "Oslo"}')}`)).toBe(true);
    expect(accepts('more thoughts')).toBe(false);
    expect(accepts(`<think></think>${hermes('{"city": "Oslo"}')}`)).toBe(false);
  });

  it('is left alone while it is short, and where nothing is demanded', async () => {
    const short: Script = { chunks: ['<think>', 'a', 'b', '</think>', hermes('{"city": "Oslo"}')] };
    const whole = await answer([short], forced());
    expect(whole).toMatchObject({ warnings: [], choices: [{ reasoning: 'ab', finish: 'tool_calls' }] });
    const long: Script = { chunks: ['<think>', ...'abcdefgh', '</think>', 'text'] };
    const free = await answer([long], ask({ sampling: { maxTokens: 12 } }));
    expect(free).toMatchObject({ warnings: [], choices: [{ reasoning: 'abcdefgh', text: 'text' }] });
  });

  it('takes as long as the client says, whatever is demanded', async () => {
    const templateVariables = { thinking_budget: 3 };
    const free = await answer([thoughts, { chunks: ['text'] }], ask({ templateVariables }));
    expect(free).toMatchObject({ choices: [{ reasoning: 'a', text: 'text', finish: 'stop' }] });
    expect(free.warnings.map(({ code }) => code)).toEqual(['reasoning_cut']);
    const none = await answer([thoughts, call], forced({ templateVariables: { thinking_budget: 0 } }));
    expect(none).toMatchObject({ choices: [{ reasoning: '', finish: 'tool_calls' }] });
  });

  it('is ended before JSON output too', async () => {
    const output = { type: 'json_object' } as const;
    const request = ask({ tools: [], output, sampling: { maxTokens: 10 } });
    expect(await answer([thoughts, { chunks: ['{}'] }], request)).toMatchObject({
      choices: [{ reasoning: 'abc', text: '{}', finish: 'stop' }],
    });
  });

  it('loses and doubles nothing where the limit falls into a closing marker', async () => {
    const half: Script = { chunks: ['<think>', 'a', 'b', 'c', '</th', 'x'], end: 'never' };
    const { choices, seen } = await answer([half, call], forced());
    expect(choices).toMatchObject([{ reasoning: 'abc</th', calls: [{ name: 'get_weather' }] }]);
    expect(seen.prompts[1]).toMatch(/<think>abc<\/th<\/think>$/);
  });

  it('is ended where no grammar holds the model, and when the model is asked again', async () => {
    const bad: Script = { chunks: ['<think>', 'a', '</think>', hermes('{"days": 1}')] };
    const sampling = { maxTokens: 14 };
    const { choices, warnings } = await answer([bad, thoughts, call], forced({ sampling }), { constrained: false });
    expect(choices).toMatchObject([{ reasoning: 'a', finish: 'tool_calls', calls: [{ outcome: 'ok' }] }]);
    expect(warnings.map(({ code }) => code)).toEqual(['reasoning_cut']);
  });

  it('is over once its marker is there, however the tokens fall', async () => {
    const whole: Script = { chunks: ['<think>', 'a', 'b', 'c', '</think>', hermes('{"city": "Oslo"}')] };
    const tight = { templateVariables: { thinking_budget: 5 } };
    expect(await answer([whole], forced(tight))).toMatchObject({ warnings: [], choices: [{ reasoning: 'abc' }] });
  });

  it('ends the answer where the context has no room for what follows', async () => {
    const long: Script = { chunks: [`<think>${'x'.repeat(4_000)}`], end: 'never' };
    const { choices, error } = await answer([long], forced({ sampling: { maxTokens: 3 } }));
    expect(error).toBeUndefined();
    expect(choices).toMatchObject([{ finish: 'length', calls: [] }]);
  });

  it('is ended in each of several answers by itself', async () => {
    const short: Script = { chunks: ['<think>', 'a', '</think>', hermes('{"city": "Bergen"}')] };
    const scripts = [thoughts, short, call];
    const { choices, usage, warnings } = await answer(scripts, forced({ choices: 2 }));
    expect(choices).toMatchObject([
      { reasoning: 'abc', calls: [{ arguments: '{"city": "Oslo"}' }] },
      { reasoning: 'a', calls: [{ arguments: '{"city": "Bergen"}' }] },
    ]);
    expect(usage?.completionTokens).toBe(5 + 2 + 4);
    expect(warnings.map(({ code }) => code)).toEqual(['reasoning_cut']);
  });

  it('shows both prompts and all pieces in the trace', async () => {
    const { client } = scriptedClient([thoughts, call], true);
    const prompts: string[] = [];
    const pieces: Piece[] = [];
    const trace = {
      prompt: (prompt: Parameters<typeof promptText>[0]) => void prompts.push(promptText(prompt)),
      piece: (piece: Piece) => void pieces.push(piece),
      event: () => {},
    };
    await foldEvents(completeWith(client)(forced(), new AbortController().signal, { trace }));
    expect(prompts).toHaveLength(2);
    const [first = '', second = ''] = prompts;
    expect(second.startsWith(`${first}<think>`)).toBe(true);
    expect(pieces.map(({ text }) => text).join('')).toBe(`<think>\nabc\n${hermes('{"city": "Oslo"}')}`);
  });

  it('stops when the client leaves, in either half', async () => {
    for (const scripts of [[thoughts], [thoughts, { chunks: ['\n'], end: 'never' } as const]]) {
      const { client, seen } = scriptedClient(scripts, true);
      const leaving = new AbortController();
      const events: string[] = [];
      const request = scripts.length === 1 ? ask() : forced();
      for await (const event of completeWith(client)(request, leaving.signal)) {
        events.push(event.type);
        setImmediate(() => leaving.abort());
      }
      expect(events).not.toContain('error');
      expect(seen.requests).toHaveLength(scripts.length);
    }
  });
});
