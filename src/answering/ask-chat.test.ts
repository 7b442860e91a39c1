import { describe, expect, it } from 'vitest';
import { ask, completeWith, plain, user } from '../../test/fixtures/answering-world.ts';
import { type ChatScript, scriptedChatClient } from '../../test/fixtures/scripted-engine.ts';
import { foldEvents } from '../chat/fold.ts';
import type { Message } from '../chat/message.ts';

async function converse(scripts: readonly ChatScript[], request = ask(), tools = true) {
  const { client, seen } = scriptedChatClient(scripts, tools);
  const complete = completeWith(client, { template: plain });
  return { ...(await foldEvents(complete(request, new AbortController().signal))), seen };
}

const text = (value: string) => ({ type: 'text-delta', text: value }) as const;
const call = (json: string, name = 'get_weather'): ChatScript => [
  { type: 'call-start', index: 0, id: 'remote-1', name },
  { type: 'call-delta', index: 0, json },
  { type: 'call-end', index: 0, outcome: 'ok' },
  { type: 'finish', reason: 'tool_calls' },
];

describe('a chat-only engine that knows tools', () => {
  it('is asked natively, and its calls are checked like any other', async () => {
    const script = [{ type: 'reasoning-delta', text: 'hm' } as const, text('Let me see.'), ...call('{"city": "Oslo"}')];
    const { choices, report, seen, usage } = await converse([script]);
    expect(seen.requests[0]).toMatchObject({ tools: [{ name: 'get_weather' }], toolChoice: { type: 'auto' } });
    expect(choices).toMatchObject([{ text: 'Let me see.', reasoning: 'hm', finish: 'tool_calls' }]);
    expect(choices[0]?.calls).toMatchObject([{ name: 'get_weather', outcome: 'ok', kept: { enforced: false } }]);
    expect(report?.path).toBe('engine');
    expect(usage?.promptTokens).toBe(10);
  });

  it('has names and arguments mended, and says so', async () => {
    const { choices } = await converse([call('{"city": "Oslo", "days": "3",}', 'functions.getWeather')]);
    expect(choices[0]?.calls).toMatchObject([{ name: 'get_weather', arguments: '{"city":"Oslo","days":3}' }]);
    expect(choices[0]?.calls[0]?.kept?.mended).toEqual([
      'name-namespace',
      'trailing-comma',
      'string-to-integer at days',
    ]);
  });

  it('is asked again for what cannot be mended, and cut calls are not sent', async () => {
    const { choices, seen } = await converse([call('{"days": 1}'), call('{"city": "Rome"}')]);
    expect(choices[0]?.calls).toMatchObject([{ arguments: '{"city": "Rome"}' }]);
    expect(seen.requests[1]?.messages.at(-1)?.content).toMatch(/city/);
    const cut: ChatScript = [
      { type: 'call-start', index: 0, id: 'x', name: 'get_weather' },
      { type: 'call-delta', index: 0, json: '{"ci' },
      { type: 'call-end', index: 0, outcome: 'cut' },
      { type: 'finish', reason: 'length' },
    ];
    const short = await converse([cut]);
    expect(short.choices[0]).toMatchObject({ calls: [], finish: 'length' });
    expect(short.warnings).toMatchObject([{ code: 'call_cut' }]);
  });

  it('keeps only allowed calls and stop strings that it ignores itself', async () => {
    const request = ask({ toolChoice: { type: 'auto', allowed: ['other'] } });
    const { choices, warnings } = await converse([call('{"city": "Oslo"}'), [text('No.')]], request);
    expect(choices[0]?.calls).toEqual([]);
    expect(warnings[0]?.message).toMatch(/only 'other' may be called/);
    const stopped = await converse([[text('one E'), text('ND two')]], ask({ stop: ['END'] }));
    expect(stopped.choices[0]).toMatchObject({ text: 'one ', finish: 'stop' });
    expect(stopped.seen.aborted).toBe(1);
  });

  it('gives several choices, each asked for by itself', async () => {
    const { choices, seen } = await converse([[text('a')], [text('b')]], ask({ choices: 2, sampling: { seed: 1 } }));
    expect(choices.map((choice) => choice.text)).toEqual(['a', 'b']);
    expect(seen.requests[0]).not.toHaveProperty('choices');
    expect(new Set(seen.requests.map(({ sampling }) => sampling.seed)).size).toBe(2);
  });

  it('that ends without saying why, or takes no raw prompt, is an error', async () => {
    const raw = ask({ raw: [{ text: 'x', path: 'prompt' }] });
    expect((await converse([], raw)).error).toMatchObject({ code: 'invalid_value', status: 400 });
  });
});

describe('a chat-only engine that knows no tools', () => {
  const written = 'Action: get_weather\nAction Input: {"city": "Oslo"}\n';

  it('is taught a prompted format in plain messages, and its calls are read out of the text', async () => {
    for (const parts of [[written], [...written]]) {
      const { choices, report, seen } = await converse([parts.map(text)], ask(), false);
      const request = seen.requests[0];
      expect(request).toMatchObject({ tools: [], toolChoice: { type: 'none' } });
      expect(request?.messages[0]).toMatchObject({ role: 'system' });
      expect(request?.messages[0]?.content).toContain('get_weather');
      expect(choices).toMatchObject([{ text: '', finish: 'tool_calls', calls: [{ arguments: '{"city": "Oslo"}' }] }]);
      expect(report).toMatchObject({ path: 'prompted', format: 'react' });
    }
  });

  it('gets calls and results of the history as text', async () => {
    const messages: Message[] = [
      user('Weather?'),
      {
        role: 'assistant',
        content: '',
        calls: [{ id: 'a', name: 'get_weather', arguments: '{"city":"Oslo"}' }],
        path: '',
      },
      { role: 'tool', callId: 'a', content: 'sun', path: '' },
    ];
    const { seen } = await converse([[text('Sunny.')]], ask({ messages }), false);
    const sent = seen.requests[0]?.messages ?? [];
    expect(sent.every((message) => message.role !== 'tool')).toBe(true);
    expect(sent.map(({ content }) => content).join('\n')).toMatch(/Oslo.*sun/s);
  });
});
