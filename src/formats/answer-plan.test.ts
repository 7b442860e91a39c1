/** The grammar of whole answers: what each choice allows, forbids and demands. */

import { describe, expect, it } from 'vitest';
import { compileGrammar } from '../grammar/automaton.ts';
import type { Ask } from './ask.ts';
import { askFor } from './cases.contract.ts';
import { hermes } from './catalog/hermes.ts';
import { react } from './prompted/react.ts';

const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tool = (name: string) => ({ name, description: '', parameters: schema, path: '' });
const tools = [tool('get'), tool('get_weather')];
const call = (name: string) => `<tool_call>\n{"name": "${name}", "arguments": {"city": "Oslo"}}\n</tool_call>`;

/** `whole`: may stand and end; `begun`: may stand, but not end; `refused` otherwise. Special tokens in «». */
function judge(format: typeof hermes, changes: Partial<Ask>, answer: string): 'whole' | 'begun' | 'refused' {
  const { grammar } = format.answer(askFor(tools, changes)).constraint;
  if (grammar === undefined) return 'whole';
  const cursor = compileGrammar(grammar).start();
  const isTaken = answer.split(/[«»]/).every((part, index) => {
    return index % 2 === 1 ? cursor.acceptSpecial(part) : cursor.accept(new TextEncoder().encode(part));
  });
  if (!isTaken) return 'refused';
  return cursor.mayEnd() ? 'whole' : 'begun';
}

describe('the grammar of a whole answer', () => {
  const auto = {};
  const none = { choice: { type: 'none' } } as const;
  const required = { choice: { type: 'required' } } as const;
  const named = { choice: { type: 'tool', name: 'get' } } as const;
  const one = { parallel: false };
  const json = { output: { type: 'json_object' } } as const;

  it.each<[string, Partial<Ask>, string, ReturnType<typeof judge>]>([
    ['text', auto, 'Hello <tool_call> {}', 'whole'],
    ['a call', auto, call('get'), 'whole'],
    ['text and calls', auto, `Well.\n${call('get')}\n${call('get_weather')}`, 'whole'],
    [
      'a special marker',
      auto,
      'Well.«<tool_call>»\n{"name": "get_weather", "arguments": {"city": ""}}\n«</tool_call>»',
      'whole',
    ],
    ['half a call', auto, '<tool_call>\n{"name": "get", "arguments": {"city"', 'begun'],
    ['a wrong key', auto, '<tool_call>\n{"name": "get", "arguments": {"town"', 'refused'],
    ['text after a call', auto, `${call('get')} there`, 'refused'],
    ['a line break after a call', auto, `${call('get')}\n`, 'whole'],
    ['an unknown tool behind a special marker', auto, '«<tool_call>»\n{"name": "got"', 'refused'],
    ['an unknown tool behind a spelled one', auto, '<tool_call>\n{"name": "got"', 'whole'],
    ['a second call where one is allowed', one, `${call('get')}\n`, 'refused'],
    ['a call under none', none, call('get'), 'refused'],
    ['a special marker under none', none, '«<tool_call>»', 'refused'],
    ['a marker under none', none, 'Write <tool_call> there', 'whole'],
    ['text under required', required, 'H', 'refused'],
    ['nothing under required', required, '', 'begun'],
    ['a call under required', required, call('get_weather'), 'whole'],
    ['reasoning under required', required, '<think>\nHm </think', 'begun'],
    ['reasoning and a call under required', required, `<think>\nHm <</think>\n\n${call('get')}`, 'whole'],
    ['a call inside reasoning under required', required, `<think>\n${call('get')}`, 'begun'],
    ['the named tool', named, call('get'), 'whole'],
    ['another tool than the named', named, '<tool_call>\n{"name": "get_', 'refused'],
    ['JSON', json, '{"a": [1]}', 'whole'],
    ['half of JSON', json, '{"a": [1', 'begun'],
    ['a call in place of JSON', json, call('get'), 'whole'],
    ['words in place of JSON', json, 'Well', 'refused'],
    ['a call in place of JSON under none', { ...json, ...none }, '<tool', 'refused'],
    ['JSON where a call is required', { ...json, ...required }, '{', 'refused'],
    ['JSON after reasoning', { ...json, ...none, promptEnd: 'reasoning' }, 'Hm.</think>{}', 'whole'],
  ])('%s', (_, changes, answer, verdict) => {
    expect(judge(hermes, changes, answer)).toBe(verdict);
  });

  it('lets a model write a stop text after a call', () => {
    const pair = 'Action: get\nAction Input: {"city": "Oslo"}';
    expect(judge(react, auto, `${pair}\nObservation:`)).toBe('whole');
    expect(judge(react, auto, `${pair}\n${pair}`)).toBe('whole');
    expect(judge(react, one, `${pair}\n`)).toBe('refused');
  });

  it('constrains nothing where there is nothing to constrain', () => {
    const { constraint, relaxed } = hermes.answer(askFor([]));
    expect(constraint).toEqual({ openings: [], stops: [], ends: [] });
    expect(relaxed.size).toBe(0);
  });

  it('says what it does not enforce', () => {
    const loose = {
      ...tool('get'),
      parameters: { ...schema, maxProperties: 1, unevaluatedProperties: false, anyOf: [{}, {}] },
    };
    expect(hermes.answer(askFor([loose, tool('b')])).relaxed.get('get')).toContain('unevaluatedProperties');
    expect(hermes.answer(askFor([loose, tool('b')])).relaxed.get('b')).toEqual([]);
    const output = { type: 'json_schema', name: 'x', schema: { not: {} }, path: 'response_format' } as const;
    expect(hermes.answer(askFor([], { output })).outputRelaxed).toBeDefined();
  });

  it('holds copied strings to the conversation', () => {
    const changes = { copyOnly: true, messages: [{ role: 'user' as const, content: '海淀区 or Oslo?', path: '' }] };
    expect(judge(hermes, changes, call('get'))).toBe('whole');
    expect(judge(hermes, changes, call('get').replace('Oslo', 'Rome'))).toBe('refused');
  });

  it('takes thousands of tools', () => {
    const many = Array.from({ length: 3000 }, (_, index) => tool(`tool_${index}`));
    const { grammar } = hermes.answer(askFor(many, required)).constraint;
    const cursor = grammar && compileGrammar(grammar).start();
    expect(cursor?.accept(new TextEncoder().encode(call('tool_2999')))).toBe(true);
  });
});
