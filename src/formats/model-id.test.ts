import { describe, expect, it } from 'vitest';
import type { Tool } from '../chat/tool.ts';
import { askFor } from './cases.contract.ts';
import { findFormat } from './formats.ts';
import { issuedId, modelId } from './model-id.ts';

const weather: Tool = {
  name: 'get_weather',
  description: '',
  path: '',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
};
const fresh = 'chatcmpl-tool-0123456789abcdef';

/** The ids of the calls in this text, and as the model is shown them again. */
function idsOf(name: string, ...pieces: readonly string[]): { issued: string[]; shown: string[] } {
  const format = findFormat(name);
  const parser = format?.answer(askFor([weather])).parser(() => fresh);
  const events = pieces.flatMap((text) => parser?.push({ text, tokens: 1 }) ?? []);
  const all = [...events, ...(parser?.end('stop') ?? [])];
  const issued = all.flatMap((event) => (event.type === 'call-start' ? [event.id] : []));
  // Whatever place the conversation gives the calls by now.
  return { issued, shown: issued.map((id) => format?.modelId?.(id, { name: weather.name, ordinal: 7 }) ?? '') };
}

describe('ids that the model writes', () => {
  it.each([
    ['kimi-k2', 'functions.get_weather:3', '<|tool_call_begin|>functions.get_weather:3<|tool_call_argument_begin|>'],
    ['mistral-small-3.2', 'aBc123xyZ', '[TOOL_CALLS]get_weather[CALL_ID]aBc123xyZ[ARGS]'],
  ])('%s: are in the ids that clients get, and come back from them', (name, own, opening) => {
    const block = name === 'kimi-k2' ? '<|tool_calls_section_begin|>' : '';
    for (const pieces of [[`${block}${opening}{"city":"Oslo"}`], [...`${block}${opening}{"city":"Oslo"}`]]) {
      const { issued, shown } = idsOf(name, ...pieces);
      expect(issued).toEqual([expect.stringMatching(new RegExp(`^${fresh}-\\w+$`))]);
      expect(shown).toEqual([own]);
    }
  });

  it('are left out where they are not what the format writes, and the place decides', () => {
    const { issued, shown } = idsOf('mistral-small-3.2', '[TOOL_CALLS]get_weather[CALL_ID]short[ARGS]{}');
    expect(issued).toEqual([fresh]);
    expect(shown).toEqual([expect.stringMatching(/^[a-zA-Z0-9]{9}$/)]);
    const odd = '<|tool_call_begin|>functions.get_weather:x<|tool_call_argument_begin|>{}';
    expect(idsOf('kimi-k2', odd)).toEqual({ issued: [fresh], shown: ['functions.get_weather:7'] });
    expect(idsOf('hermes', '<tool_call>{"name": "get_weather", "arguments": {}}</tool_call>').issued).toEqual([fresh]);
  });

  it('are the same for every server: nothing but the id is needed', () => {
    const rule = { kind: 'alphanumeric', length: 9 } as const;
    const place = { name: 'f', ordinal: 0 };
    expect(modelId(rule, issuedId(rule, fresh, 'abcdefgh1'), place)).toBe('abcdefgh1');
    expect(modelId(rule, issuedId(rule, fresh, 'abc'), place)).toBe(modelId(rule, fresh, place));
    expect(modelId(rule, 'aaaaaaaaa', place)).toBe('aaaaaaaaa');
    const named = { kind: 'function', prefix: 'functions.' } as const;
    expect(modelId(named, issuedId(named, fresh, '12'), place)).toBe('functions.f:12');
    expect(modelId(named, 'functions.f:2', place)).toBe('functions.f:2');
    expect(modelId(named, 'call_abc', place)).toBe('functions.f:0');
  });
});
