/** Conversations as clients really send them. */

import { describe, expect, it } from 'vitest';
import { Field } from '../../base/decode.ts';
import { decodeMessages } from './messages.ts';
import { WarningList } from './warnings.ts';

const read = (...messages: unknown[]) => decodeMessages(new Field(messages, 'messages'), new WarningList());
const call = (id: string | undefined, name: string, args: unknown = '{}') => ({
  ...(id !== undefined && { id }),
  type: 'function',
  function: { name, arguments: args },
});
const calls = (...list: unknown[]) => ({ role: 'assistant', content: null, tool_calls: list });
const result = (id: string | undefined, content: unknown = 'r') => ({ role: 'tool', tool_call_id: id, content });

describe('messages', () => {
  it('read content as text, null, nothing and parts', () => {
    const read4 = read(
      { role: 'developer', content: 'd' },
      { role: 'user', content: [{ type: 'text', text: 'a' }, { text: 'b' }, 'c'] },
      { role: 'assistant', content: null, refusal: 'no' },
      { role: 'assistant' },
    );
    expect(read4).toEqual([
      { role: 'system', content: 'd', path: 'messages[0]' },
      { role: 'user', content: 'a\nb\nc', path: 'messages[1]' },
      { role: 'assistant', content: 'no', calls: [], path: 'messages[2]' },
      { role: 'assistant', content: '', calls: [], path: 'messages[3]' },
    ]);
  });

  it('keep reasoning under either name', () => {
    const turn = { role: 'assistant', content: 'x' };
    const both = read(
      { ...turn, reasoning_content: 'r' },
      { ...turn, reasoning: 's' },
      { ...turn, reasoning: { a: 1 } },
      { ...turn, reasoning: 's', reasoning_content: 'r' },
      { ...turn, reasoning: 's', reasoning_content: '' },
    );
    const kept = both.map((message) => ('reasoning' in message ? message.reasoning : 'none'));
    expect(kept).toEqual(['r', 's', 'none', 'r', 's']);
  });

  it('match results to calls in any order, and name them', () => {
    const [, first, second] = read(calls(call('a', 'f'), call('b', 'g')), result('b'), result('a'));
    expect(first).toEqual({ role: 'tool', callId: 'b', name: 'g', content: 'r', path: 'messages[1]' });
    expect(second).toMatchObject({ callId: 'a', name: 'f' });
  });

  it('match results without id in order, by name before all', () => {
    const turn = calls(call(undefined, 'f'), call(undefined, 'g'), call('', 'f'));
    const named = { role: 'function', name: 'g', content: 'r' };
    const [, ...results] = read(turn, named, result(undefined), result(undefined));
    expect(results.map((message) => ('callId' in message ? message.callId : ''))).toEqual([
      'call_0_1',
      'call_0_0',
      'call_0_2',
    ]);
  });

  it('bear ids that repeat from turn to turn', () => {
    const turn = calls(call('call_0', 'f'));
    expect(read(turn, result('call_0'), turn, result('call_0')).length).toBe(4);
  });

  it('bear calls nobody answered, and answers that come late', () => {
    const user = { role: 'user', content: 'never mind' };
    expect(read(calls(call('a', 'f')), user, calls(call('b', 'g')), result('a'), result('b')).length).toBe(5);
  });

  it('keep the text of arguments, whatever it is', () => {
    const texts = ['{"b": 1.0, "a": 2}', '{"cut', ''].map((text) => call('a', 'f', text));
    const [message] = read(calls(...texts, call('b', 'f', { x: 1 }), call('c', 'f', null)));
    expect(message && 'calls' in message ? message.calls.map((item) => item.arguments) : []).toEqual([
      '{"b": 1.0, "a": 2}',
      '{"cut',
      '{}',
      '{"x":1}',
      '{}',
    ]);
  });

  it('read the older spelling of a call', () => {
    const [turn, answer] = read(
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'r' },
    );
    expect(turn).toMatchObject({ calls: [{ id: 'call_0_0', name: 'f', arguments: '{}' }] });
    expect(answer).toMatchObject({ callId: 'call_0_0', name: 'f' });
  });
});

describe('pictures', () => {
  const data = 'data:image/png;base64,AAAA';
  const shown = (part: unknown) => {
    const [message] = read({ role: 'user', content: [part] });
    return message !== undefined && 'parts' in message ? message.parts : undefined;
  };

  it('stand among the text of a user, which names their places', () => {
    const url = { url: data, detail: 'low' };
    const [message] = read({
      role: 'user',
      content: [
        { type: 'text', text: 'a' },
        { type: 'image_url', image_url: url },
        'b',
        { type: 'image_url', image_url: data },
      ],
    });
    expect(message).toEqual({
      role: 'user',
      content: 'a\n[image 1]\nb\n[image 2]',
      parts: [
        { type: 'text', text: 'a' },
        { type: 'image', image: { ...url, path: 'messages[0].content[1].image_url.url' } },
        { type: 'text', text: 'b' },
        { type: 'image', image: { url: data, path: 'messages[0].content[3].image_url' } },
      ],
      path: 'messages[0]',
    });
  });

  it.each([
    [{ type: 'input_image', image_url: data }, data],
    [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }, data],
    [{ type: 'image', mimeType: 'image/jpg', data: 'AAAA' }, 'data:image/jpeg;base64,AAAA'],
    [{ type: 'image_url', image_url: { url: 'DATA:image/PNG;base64,AAAA' } }, data],
    [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }, 'https://example.com/a.png'],
  ])('are read as %j', (part, url) => {
    expect(shown(part)).toMatchObject([{ type: 'image', image: { url } }]);
  });

  it('and all else that a tool gives never end a conversation', () => {
    const warnings = new WarningList();
    const parts = [
      { type: 'input_audio', input_audio: {} },
      { type: 'image_url', image_url: { url: 'file:///a' } },
      { type: 'image_url', image_url: data },
    ];
    const messages = [calls(call('a', 'f')), result('a', parts)];
    const [, message] = decodeMessages(new Field(messages, 'messages'), warnings);
    const note = '[a part of this result cannot be shown]';
    expect(message).toMatchObject({ content: `${note}\n${note}\n[image 1]`, parts: [{}, {}, { type: 'image' }] });
    expect(warnings.all().map(({ code, param }) => [code, param])).toEqual([
      ['part_not_shown', 'messages[1].content[0]'],
      ['part_not_shown', 'messages[1].content[1]'],
    ]);
  });

  it('of 20 MiB are read in no time, larger ones refused', () => {
    const url = `data:image/png;base64,${'A'.repeat(28_000_000)}`;
    expect(() => shown({ type: 'image_url', image_url: { url } })).toThrow(/20 MiB/);
  });
});
