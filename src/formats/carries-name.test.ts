import { describe, expect, it } from 'vitest';
import { readsBack } from './carries-name.ts';
import { allFormats, findFormat } from './formats.ts';

const formats = allFormats.filter(({ name }) => name !== 'nano');

describe('names of tools', () => {
  it('stand in every format while they are plain', () => {
    const plain = ['get_weather', 'get.weather', 'get-weather', '_x', 'a', 'functions.get', 'function', 'x'.repeat(64)];
    for (const format of formats)
      for (const name of plain) expect(readsBack(format, name), `${format.name} ${name}`).toBe(true);
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
