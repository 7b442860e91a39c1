/** Answers of an engine that holds the model to nothing: what is mended on the way, and what is said of it. */

import { describe, expect, it } from 'vitest';
import { answer, ask, hermes } from '../../test/fixtures/answering-world.ts';

const unheld = { constrained: false };

async function callsOf(text: string) {
  const { choices, warnings } = await answer([{ chunks: [...text] }], ask(), unheld);
  const [choice] = choices;
  return {
    calls: choice?.calls.map(({ name, arguments: json, kept }) => [name, JSON.parse(json), kept?.mended ?? []]),
    finish: choice?.finish,
    warnings: warnings.map(({ code }) => code),
  };
}

describe('without a grammar', () => {
  it.each([
    ['a name in another spelling', hermes('{"city": "Oslo"}', 'getWeather'), ['name-separators']],
    ['a name in a namespace', hermes('{"city": "Oslo"}', 'functions.get_weather'), ['name-namespace']],
    ['a name with a slip', hermes('{"city": "Oslo"}', 'get_wether'), ['name-spelling']],
  ])('%s is the tool that was meant', async (_, text, mended) => {
    expect(await callsOf(text)).toEqual({
      calls: [['get_weather', { city: 'Oslo' }, mended]],
      finish: 'tool_calls',
      warnings: [],
    });
  });

  it('mends arguments and makes them valid', async () => {
    const { calls } = await callsOf(hermes(`{'city': 'Oslo', "days": "3",}`));
    expect(calls?.map(([name, json]) => [name, json])).toEqual([['get_weather', { city: 'Oslo', days: 3 }]]);
    expect(calls?.[0]?.[2]).not.toEqual([]);
  });

  it('never makes a call of a name that could mean anything', async () => {
    const { calls, finish } = await callsOf(hermes('{"city": "Oslo"}', 'fly'));
    expect(calls).toEqual([]);
    expect(finish).toBe('stop');
  });
});
