import { describe, expect, it } from 'vitest';
import { promptText } from '../chat/prompt.ts';
import { readsBack } from './carries-name.ts';
import { askFor } from './cases.contract.ts';
import { allFormats, findFormat } from './formats.ts';

const formats = allFormats.filter(({ name }) => name !== 'nano');

describe('names of tools', () => {
  it('stand in every format while they are plain', () => {
    const plain = ['get_weather', 'get.weather', 'get-weather', '_x', 'a', 'functions.get', 'function', 'x'.repeat(64)];
    for (const format of formats)
      for (const name of plain) expect(readsBack(format, name), `${format.name} ${name}`).toBe(true);
  });

  it('begin calls that are held to the grammar, as letters too', () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const tools = [{ name: 'get_weather', description: '', path: '', parameters }];
    for (const { name, promptTail = '', ...format } of formats) {
      const call = { id: 'call00001', name: 'get_weather', arguments: '{"city":"Oslo"}' };
      const written = promptText(format.render({ text: '', calls: [call], tools }));
      const parser = format.answer(askFor(tools)).parser(() => 'id');
      const text = written.startsWith(promptTail) ? written.slice(promptTail.length) : written;
      const [start] = [...parser.push({ text, tokens: 1 }), ...parser.end('stop')];
      expect(start, name).toEqual({
        type: 'call-start',
        index: 0,
        id: expect.stringMatching(/^id/),
        name: 'get_weather',
      });
    }
  });

  it.each([
    ['pythonic', 'get(weather)', false],
    ['hermes', 'get(weather)', true],
    ['qwen-3-coder', 'get>weather', false],
    ['kimi-k2', 'get:weather', false],
    ['glm-4.5', '天气 查询', true],
    ['glm-4.5', 'get\nweather', false],
    ['deepseek-v3.1', 'get{weather', false],
    ['hermes', '</tool_call>', true],
    ['nano', 'get(weather)', true],
  ])('%s: %s is carried: %s', (format, name, isCarried) => {
    expect(findFormat(format)?.carriesName(name)).toBe(isCarried);
  });
});
