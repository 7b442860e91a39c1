/** What chat models make of two lines. */

import { describe, expect, it } from 'vitest';
import { promptText } from '../../chat/prompt.ts';
import { askFor, readPieces, toPieces } from '../cases.contract.ts';
import { react } from './react.ts';

const weather = {
  name: 'get_weather',
  description: 'Weather\n  of a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' }, unit: { enum: ['celsius'] } },
    required: ['city', 'unit'],
  },
  path: '',
};
const time = { name: 'time', description: '', parameters: { type: 'object' }, path: '' };
const ask = askFor([weather, time]);

function read(answer: string, reason: 'stop' | 'length' = 'stop') {
  const [whole, ...others] = [[Infinity], [1], [3]].map((sizes) =>
    readPieces(react.answer(ask), toPieces([{ text: answer, trusted: false }], { sizes, special: false }), reason),
  );
  for (const other of others) expect(other).toEqual(whole);
  const { text = '', calls = [] } = whole ?? {};
  return { text, calls: calls.map((call) => [call.name, call.arguments, call.outcome]) };
}

describe('react reads', () => {
  it.each([
    ['two lines', 'Action: get_weather\nAction Input: {"city": "海淀区"}', '{"city": "海淀区"}'],
    ['no blank after the colon', 'Action:get_weather\nAction Input:{"city": "Oslo"}', '{"city": "Oslo"}'],
    ['full-width colons', 'Action：get_weather\nAction Input：{"city": "Oslo"}', '{"city": "Oslo"}'],
    ['Chinese markers', '动作：get_weather\n动作输入：{"city": "Oslo"}', '{"city": "Oslo"}'],
    ['bold markers', '**Action:** get_weather\n**Action Input:** {"city": "Oslo"}', '{"city": "Oslo"}'],
    ['line breaks of Windows', 'Action: get_weather\r\nAction Input: {"city": "Oslo"}\r\n', '{"city": "Oslo"}'],
    ['a quoted name', 'Action: `get_weather`\nAction Input: {"city": "Oslo"}', '{"city": "Oslo"}'],
    ['several lines', 'Action: get_weather\nAction Input: {\n  "city": "Oslo"\n}', '{\n  "city": "Oslo"\n}'],
    ['a fence', 'Action: get_weather\nAction Input:\n```json\n{"city": "Oslo"}\n```\n', '{"city": "Oslo"}'],
    [
      'an invented result',
      'Action: get_weather\nAction Input: {"city": "Oslo"}\n\nObservation: sunny\nAction: time\n',
      '{"city": "Oslo"}',
    ],
    ['no input', 'Action: get_weather', '{}'],
    ['no input, then a result', 'Action: get_weather\nObservation: x', '{}'],
    ['an empty input', 'Action: get_weather\nAction Input:\n', '{}'],
    ['only JSON', 'Action: get_weather\n{"city": "Oslo"}', '{"city": "Oslo"}'],
    [
      'the stop text in a string',
      'Action: get_weather\nAction Input: {"city": "\\nObservation: x"}',
      '{"city": "\\nObservation: x"}',
    ],
  ])('%s', (_, answer, json) => {
    expect(read(answer)).toEqual({ text: '', calls: [['get_weather', json, 'ok']] });
  });

  it.each([
    ['Action: none\nAction Input: {}'],
    ['Action: get_weathers\nAction Input: {}'],
    ['The line `Action: get_weather` names a tool.'],
    ['Actions speak.\nAction'],
  ])('%j as text', (answer) => {
    expect(read(answer)).toEqual({ text: answer, calls: [] });
  });

  it('several pairs, and prose around them', () => {
    const answer =
      'Let me see.\nAction: get_weather\nAction Input: {"city": "Oslo"} as asked\nAction: time\nAction Input: {}';
    expect(read(answer)).toEqual({
      text: 'Let me see. as asked',
      calls: [
        ['get_weather', '{"city": "Oslo"}', 'ok'],
        ['time', '{}', 'ok'],
      ],
    });
  });

  it('a pair without input before another', () => {
    expect(read('Action: time\nAction: get_weather\nAction Input: {}').calls).toEqual([
      ['time', '{}', 'ok'],
      ['get_weather', '{}', 'ok'],
    ]);
  });

  it('what is no JSON as a broken call, and the rest as text', () => {
    expect(read('Action: get_weather\nAction Input: Oslo\n\nHere you are.')).toEqual({
      text: '\n\nHere you are.',
      calls: [['get_weather', 'Oslo', 'broken']],
    });
  });

  it('reasoning before the pair', () => {
    expect(read('<think>\nAction: time\n</think>\n\nAction: get_weather\nAction Input: {}')).toEqual({
      text: '',
      calls: [['get_weather', '{}', 'ok']],
    });
  });

  it('an answer cut by the limit', () => {
    expect(read('Action: get_wea', 'length')).toEqual({ text: 'Action: get_wea', calls: [] });
    expect(read('Action: get_weather\nAction Inp', 'length').calls).toEqual([['get_weather', '', 'cut']]);
    expect(read('Action: get_weather\nAction Input: {"city": "O', 'length').calls).toEqual([
      ['get_weather', '{"city": "O', 'cut'],
    ]);
  });
});

describe('react tells the model', () => {
  const told = (changes = {}) => promptText(react.instructions?.(askFor([weather, time], changes)) ?? []);

  it('the tools and an example with one of them', () => {
    expect(told()).toContain('- get_weather: Weather of a city Arguments (JSON Schema): {"type":"object"');
    expect(told()).toContain('Action: get_weather\nAction Input: {"city": "<city>", "unit": "celsius"}');
    expect(told({ language: 'zh' })).toContain('你可以调用以下工具');
  });

  it('what is demanded of it', () => {
    expect(told({ choice: { type: 'required' } })).toContain('You must call a tool now.');
    expect(told({ choice: { type: 'tool', name: 'time' } })).toContain('You must call time now.');
    expect(told({ parallel: false })).toContain('at most one call');
    expect(told({ choice: { type: 'none' } })).toBe('');
  });
});
