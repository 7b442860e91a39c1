/** Each defect of the assistant server that people come from, as a question to ours. */

import { describe, expect, it } from 'vitest';
import { answer, ask, completeWith, hermes, plain, user, weather } from '../../test/fixtures/answering-world.ts';
import { type Script, scriptedClient } from '../../test/fixtures/scripted-engine.ts';
import type { ChatEvent } from '../chat/event.ts';
import { foldEvents } from '../chat/fold.ts';
import type { Message } from '../chat/message.ts';
import type { ChatRequest } from '../chat/request.ts';

/** A model that is taught ReAct in the prompt, as that server did, on an engine without a grammar. */
const prompted = { template: plain, constrained: false };
const react = (input: string, name = 'get_weather') => `Action: ${name}\nAction Input: ${input}\n`;
const oslo = react('{"city": "Oslo"}');
const noTools = { tools: [], toolChoice: { type: 'none' } } as const;

const write = (text: string, changes: Partial<ChatRequest> = {}, more: readonly Script[] = []) =>
  answer([{ chunks: [text] }, ...more], ask(changes), prompted);

async function callsOf(text: string) {
  const { choices } = await write(text);
  return choices[0]?.calls.map(({ name, arguments: json }) => [name, JSON.parse(json)]);
}

async function listOf(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const list: ChatEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

async function eventsOf(chunks: readonly string[], end: Script['end'] = 'stop'): Promise<ChatEvent[]> {
  const { client } = scriptedClient([{ chunks, end }], false);
  return listOf(completeWith(client, { template: plain })(ask(), new AbortController().signal));
}

const secondTurn: readonly Message[] = [
  { role: 'system', content: 'Speak like a pirate.', path: 'messages[0]' },
  user('Weather?'),
  {
    role: 'assistant',
    content: '',
    calls: [{ id: 'c1', name: 'get_weather', arguments: '{"city":"Oslo"}' }],
    path: '',
  },
  { role: 'tool', callId: 'c1', content: '12 degrees', path: 'messages[3]' },
];

/** The defect, and what must hold instead. */
const defects: readonly (readonly [string, () => Promise<void>])[] = [
  [
    'calls have no id',
    async () => {
      const { choices } = await write(oslo + oslo.replace('Oslo', 'Rome'));
      const ids = choices[0]?.calls.map(({ id }) => id) ?? [];
      expect(ids).toHaveLength(2);
      expect(new Set(ids).size).toBe(2);
    },
  ],
  [
    'content without text in the second turn is refused',
    async () => {
      const { choices, error } = await write('Cold.', { messages: secondTurn });
      expect(error).toBeUndefined();
      expect(choices[0]?.text).toBe('Cold.');
    },
  ],
  [
    'a named choice is refused',
    async () => {
      const toolChoice = { type: 'tool', name: 'get_weather' } as const;
      const { choices, seen } = await write(oslo, { toolChoice });
      expect(choices[0]?.calls).toMatchObject([{ name: 'get_weather' }]);
      expect(seen.requests).toHaveLength(1);
    },
  ],
  [
    'none is not honoured',
    async () => {
      const { choices, seen } = await write(oslo, { toolChoice: { type: 'none' } });
      expect(seen.prompts[0]).not.toContain('get_weather');
      expect(choices[0]).toMatchObject({ calls: [], finish: 'stop' });
    },
  ],
  [
    'required is only a sentence in the prompt',
    async () => {
      const required = { toolChoice: { type: 'required' } } as const;
      const { choices } = await write('It is sunny.', required, [{ chunks: [oslo] }]);
      expect(choices[0]).toMatchObject({ finish: 'tool_calls', calls: [{ name: 'get_weather' }] });
      const { error } = await write('It is sunny.', required, [{ chunks: ['No.'] }]);
      expect(error).toMatchObject({ code: 'invalid_tool_call' });
    },
  ],
  [
    'parallel_tool_calls false is only a different prompt',
    async () => {
      const { choices } = await write(oslo + oslo, { parallelCalls: false });
      expect(choices[0]?.calls).toHaveLength(1);
    },
  ],
  [
    "the client's system message is deleted",
    async () => {
      const { seen } = await write('Arr.', { messages: secondTurn });
      expect(seen.prompts[0]).toContain('Speak like a pirate.');
    },
  ],
  [
    'every prompt holds the word None',
    async () => {
      for (const changes of [{}, noTools, { messages: secondTurn }])
        expect((await write('Hi.', changes)).seen.prompts[0]).not.toMatch(/\bNone\b/);
    },
  ],
  [
    'plain chat is polluted with instructions for tools',
    async () => {
      const { seen } = await write('Hi.', noTools);
      expect(seen.prompts[0]).toBe('<|im_start|>user\nWeather in Oslo?<|im_end|>\n<|im_start|>assistant\n');
    },
  ],
  [
    'sampling parameters and stops do not reach the model',
    async () => {
      const sampling = { temperature: 0.1, topP: 0.5, seed: 3, maxTokens: 20 };
      const { seen, choices } = await write('one END two', { sampling, stop: ['END'] });
      expect(seen.requests[0]?.sampling).toMatchObject(sampling);
      expect(choices[0]?.text).toBe('one ');
    },
  ],
  [
    'calls and results of the history do not reach the prompt',
    async () => {
      const { seen } = await write('Cold.', { messages: secondTurn });
      expect(seen.prompts[0]).toMatch(/Action: get_weather\s+Action Input: \{"city": ?"Oslo"\}.*12 degrees/s);
    },
  ],
  [
    'arguments on several lines, in a fence, behind CRLF or without a blank are lost or cut',
    async () => {
      const wanted = [['get_weather', { city: 'Oslo' }]];
      const inputs = ['{\n  "city": "Oslo"\n}', '```json\n{"city": "Oslo"}\n```', '\n{"city": "Oslo"}'];
      for (const input of inputs) expect(await callsOf(react(input)), input).toEqual(wanted);
      expect(await callsOf(oslo.replaceAll('\n', '\r\n'))).toEqual(wanted);
      expect(await callsOf(oslo.replaceAll(': ', ':'))).toEqual(wanted);
    },
  ],
  [
    'unknown tools pass as calls',
    async () => {
      const { choices } = await write(react('{}', 'rm_rf'));
      expect(choices[0]).toMatchObject({ calls: [], finish: 'stop' });
    },
  ],
  [
    'arguments that are no JSON, or not valid, pass as calls',
    async () => {
      for (const input of ['Oslo, please', '{"town": "Oslo"}', '{"city": NaN}']) {
        const { choices, warnings } = await write(react(input), {}, [{ chunks: ['No.'] }]);
        expect(choices[0]?.calls, input).toEqual([]);
        expect(warnings.map(({ code }) => code)).toEqual(['call_left_out']);
      }
    },
  ],
  [
    'a stream has the raw text instead of calls',
    async () => {
      for (const chunks of [[oslo], [...oslo]]) {
        const events = await eventsOf(chunks);
        expect(events.filter(({ type }) => type === 'text-delta')).toEqual([]);
        expect(events.map(({ type }) => type)).toContain('call-delta');
      }
    },
  ],
  [
    'the last finish_reason of a stream is always stop',
    async () => {
      expect(await eventsOf([...oslo])).toContainEqual({ type: 'finish', reason: 'tool_calls', choice: 0 });
      expect(await eventsOf(['Well'], 'length')).toContainEqual({ type: 'finish', reason: 'length', choice: 0 });
    },
  ],
  [
    'usage is -1',
    async () => {
      expect((await write('Hi.')).usage).toEqual({ promptTokens: 10, completionTokens: 1, cachedTokens: 4 });
    },
  ],
  [
    'an error in a stream cuts it off without a word',
    async () => {
      const events = await eventsOf(['half'], 'crash');
      expect(events.at(-1)).toMatchObject({ type: 'error', error: { kind: 'engine' } });
    },
  ],
  [
    'each request asks the model a probing question first',
    async () => {
      expect((await write('Hi.')).seen.requests).toHaveLength(1);
      expect((await write(oslo)).seen.requests).toHaveLength(1);
    },
  ],
  [
    'requests wait for each other',
    async () => {
      const { client } = scriptedClient([{ chunks: ['a'], end: 'never' }, { chunks: ['b'] }], false);
      const complete = completeWith(client, { template: plain });
      const leaving = new AbortController();
      const first = listOf(complete(ask(), leaving.signal));
      const second = await foldEvents(complete(ask(), new AbortController().signal));
      expect(second.choices[0]?.text).toBe('b');
      leaving.abort();
      await first;
    },
  ],
  [
    'it works with models of one maker only',
    async () => {
      const { choices, report } = await answer([{ chunks: [hermes('{"city": "Oslo"}')] }]);
      expect(choices[0]?.calls).toHaveLength(1);
      expect(report?.path).toBe('native');
    },
  ],
];

describe('what that server does wrong', () => {
  it.each(defects)('%s', (_, holds) => holds());

  it('keeps the text beside a call apart from it', async () => {
    const { choices } = await write(`Let me see.\n${oslo}`, { tools: [weather] });
    expect(choices[0]?.text.trim()).toBe('Let me see.');
  });
});
