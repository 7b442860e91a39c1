import { describe, expect, it } from 'vitest';
import { answer, ask, completeWith, hermes, plain, user, weather } from '../../test/fixtures/answering-world.ts';
import { type Script, scriptedClient } from '../../test/fixtures/scripted-engine.ts';
import type { ChatEvent } from '../chat/event.ts';
import { foldEvents } from '../chat/fold.ts';
import type { Message } from '../chat/message.ts';

const tool = weather;

function world(scripts: readonly Script[]) {
  const { client, seen } = scriptedClient(scripts, true);
  return { complete: completeWith(client), seen };
}

describe('complete', () => {
  it('answers in text', async () => {
    const { choices, usage } = await answer([{ chunks: ['Hel', 'lo.'] }]);
    expect(choices).toMatchObject([{ text: 'Hello.', calls: [], finish: 'stop' }]);
    expect(usage).toEqual({ promptTokens: 10, completionTokens: 2, cachedTokens: 4 });
  });

  it('turns what the model writes into calls, whatever the chunks', async () => {
    const written = hermes('{"city": "Oslo"}');
    for (const chunks of [[written], [...written]]) {
      const { choices, report } = await answer([{ chunks }]);
      expect(choices[0]).toMatchObject({ text: '', finish: 'tool_calls' });
      expect(choices[0]?.calls).toMatchObject([{ name: 'get_weather', arguments: '{"city": "Oslo"}', outcome: 'ok' }]);
      expect(report).toMatchObject({ format: 'hermes', path: 'native' });
    }
  });

  it('gives the tools to the template and the question to the model', async () => {
    const { seen } = await answer([{ chunks: ['ok'] }]);
    expect(seen.prompts[0]).toContain('"name": "get_weather"');
    expect(seen.prompts[0]).toMatch(/user\nWeather in Oslo\?<\|im_end\|>\n<\|im_start\|>assistant\n$/);
    expect(seen.requests[0]?.constraint.grammar).toBeDefined();
  });

  it('folds calls and results into the prompt, results in the order of the calls', async () => {
    const calls = ['a', 'b'].map((id) => ({ id, name: 'get_weather', arguments: `{"city":"${id}"}` }));
    const messages: Message[] = [
      user('Weather?'),
      { role: 'assistant', content: '', calls, path: 'messages[1]' },
      { role: 'tool', callId: 'b', content: 'rain in b', path: 'messages[2]' },
      { role: 'tool', callId: 'a', content: 'sun in a', path: 'messages[3]' },
    ];
    const { seen } = await answer([{ chunks: ['ok'] }], ask({ messages }), { template: plain });
    const prompt = seen.prompts[0] ?? '';
    expect(prompt.indexOf('sun in a')).toBeGreaterThan(0);
    expect(prompt.indexOf('sun in a')).toBeLessThan(prompt.indexOf('rain in b'));
    expect(prompt).toContain('"city"');
  });

  it('teaches tools to a model whose template knows none, and reads its calls', async () => {
    const chunks = ['Action: get_weather\nAction Input: {"city": "Oslo"}\n', 'Observation: made up'];
    const { choices, report, seen } = await answer([{ chunks }], ask(), { template: plain });
    expect(seen.prompts[0]).toContain('get_weather');
    expect(choices[0]?.calls).toMatchObject([{ name: 'get_weather', outcome: 'ok' }]);
    expect(choices[0]?.text).toBe('');
    expect(report).toMatchObject({ format: 'react', path: 'prompted' });
  });

  it('says nothing of tools to such a model when there are none or none may be called', async () => {
    for (const request of [ask({ tools: [] }), ask({ toolChoice: { type: 'none' } })]) {
      const { seen } = await answer([{ chunks: ['ok'] }], request, { template: plain });
      expect(seen.prompts[0]).not.toMatch(/get_weather|Action/);
    }
  });

  it('stops at a stop string and frees the engine', async () => {
    const { choices, seen } = await answer([{ chunks: ['one E', 'ND two'], end: 'never' }], ask({ stop: ['END'] }));
    expect(choices[0]).toMatchObject({ text: 'one ', finish: 'stop' });
    expect(seen.aborted).toBe(1);
  });

  it('stops after one call when calls are not parallel', async () => {
    const chunks = [hermes('{"city": "Oslo"}'), '\n', hermes('{"city": "Rome"}')];
    const { choices } = await answer([{ chunks, end: 'never' }], ask({ parallelCalls: false }), { constrained: false });
    expect(choices[0]?.calls).toHaveLength(1);
  });

  it('tells a cut call from a whole one', async () => {
    const { choices } = await answer([{ chunks: [hermes('{"city": "Os').slice(0, -14)], end: 'length' }]);
    expect(choices[0]?.finish).toBe('length');
    expect(choices[0]?.calls).toMatchObject([{ outcome: 'cut' }]);
  });

  it('asks once more for a call that is not valid, with the complaint, and adds up the usage', async () => {
    const scripts = [{ chunks: [hermes('{"town": 1}')] }, { chunks: [hermes('{"city": "Oslo"}')] }];
    const { choices, usage, seen } = await answer(scripts, ask(), { constrained: false });
    expect(choices[0]?.calls).toMatchObject([{ arguments: '{"city": "Oslo"}', outcome: 'ok' }]);
    expect(usage?.promptTokens).toBe(20);
    expect(seen.prompts[1]).toMatch(/city/);
    expect(seen.requests).toHaveLength(2);
  });

  it('gives up honestly: left out under auto, an error when a call was demanded', async () => {
    const bad = { chunks: [hermes('{"town": 1}')] };
    const left = await answer([bad, bad], ask(), { constrained: false });
    expect(left.choices[0]).toMatchObject({ calls: [], finish: 'stop' });
    expect(left.warnings).toMatchObject([{ code: 'call_left_out' }]);
    const demanded = await answer([bad, bad], ask({ toolChoice: { type: 'required' } }), { constrained: false });
    expect(demanded.error).toMatchObject({ code: 'invalid_tool_call', status: 502 });
  });

  it('refuses an unknown model with the names that are served', async () => {
    const { error } = await answer([], ask({ model: 'gpt-4' }));
    expect(error).toMatchObject({ code: 'model_not_found', status: 404, detail: { param: 'model' } });
    expect(error?.message).toContain("'scripted'");
  });

  it('refuses a prompt that does not fit, with both numbers', async () => {
    const { error } = await answer([], ask({ messages: [user('x'.repeat(8000))] }));
    expect(error).toMatchObject({ code: 'context_length_exceeded', status: 400 });
    expect(error?.message).toMatch(/1000 tokens.*2\d\d\d tokens/);
  });

  it('refuses a hopelessly long text before it is rendered', async () => {
    const { error, seen } = await answer([], ask({ messages: [user('x'.repeat(10_000_000))] }));
    expect(error).toMatchObject({ code: 'context_length_exceeded', status: 400 });
    expect(seen.prompts).toEqual([]);
  });

  it('refuses parameters that cannot be a schema, with their place', async () => {
    const broken = { ...tool, parameters: { type: 'object', properties: [] } };
    const { error } = await answer([], ask({ tools: [broken] }));
    expect(error).toMatchObject({
      code: 'invalid_schema',
      detail: { param: 'tools[0].function.parameters.properties' },
    });
  });

  it('reports an engine that ends without saying why', async () => {
    const { error, choices } = await answer([{ chunks: ['half'], end: 'crash' }]);
    expect(error).toMatchObject({ kind: 'engine' });
    expect(choices[0]?.text).toBe('half');
  });

  it('ends at once and frees the engine when the client leaves', async () => {
    const { complete, seen } = world([{ chunks: ['a', 'b'], end: 'never' }]);
    const leaving = new AbortController();
    const events: ChatEvent[] = [];
    for await (const event of complete(ask(), leaving.signal)) {
      events.push(event);
      if (events.length === 2) leaving.abort();
    }
    expect(seen.aborted).toBe(1);
    expect(events.some((event) => event.type === 'error')).toBe(false);
  });

  it('refuses more requests than it may hold, and takes new ones when those are gone', async () => {
    const never = { chunks: ['a'], end: 'never' } as const;
    const { complete } = world([never, never, { chunks: ['free'] }]);
    const leaving = new AbortController();
    const busy = [0, 1].map(async () => {
      for await (const _ of complete(ask(), leaving.signal));
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
    const refused = await foldEvents(complete(ask(), new AbortController().signal));
    expect(refused.error).toMatchObject({ code: 'rate_limited', status: 429 });
    leaving.abort();
    await Promise.all(busy);
    const taken = await foldEvents(complete(ask(), new AbortController().signal));
    expect(taken.choices[0]?.text).toBe('free');
  });
});
