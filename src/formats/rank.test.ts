/** Ranking: equal to its Python twin, the same in both languages, and deaf to noise. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Tool } from '../chat/tool.ts';
import { bestTool, rankTools, relevanceBin, shortlist } from './rank.ts';
import { commonWords, concepts, stopWords } from './rank-words.ts';

interface Case {
  readonly query: string;
  readonly tools: ReadonlyArray<{ function: Pick<Tool, 'name' | 'description' | 'parameters'> }>;
  readonly scores: readonly number[];
  readonly bins: readonly number[];
  readonly best: number | null;
}

const nano = new URL('../../models/nano/', import.meta.url);
const fixture: Case[] = readFileSync(new URL('fixtures/rank.jsonl', nano), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

const tool = (name: string, description = ''): Tool => ({
  name,
  description,
  parameters: { type: 'object', properties: {} },
  path: 'tools[0]',
});

describe('the twins', () => {
  it.each(fixture.map((item, index) => [`${index}: ${item.query.slice(0, 40)}`, item] as const))('%s', (_, item) => {
    const scores = rankTools(
      item.query,
      item.tools.map(({ function: found }) => ({ ...found, path: '' })),
    );
    expect(scores.length).toBe(item.scores.length);
    for (const [index, score] of scores.entries())
      expect(Math.abs(score - (item.scores[index] ?? NaN))).toBeLessThan(1e-9);
    expect(scores.map(relevanceBin)).toEqual(item.bins);
    expect(bestTool(scores) ?? null).toBe(item.best);
  });

  it('hold the same words', () => {
    const twin = readFileSync(new URL('rank.py', nano), 'utf8');
    const block = (name: string): string[] => twin.split(`${name} = `)[1]?.split('"""')[1]?.trim().split(/\s+/) ?? [];
    expect(twin).toContain(`CONCEPTS = """\n${concepts.join('\n')}\n"""`);
    expect(new Set(block('STOP_WORDS'))).toEqual(stopWords);
    expect(new Set(block('COMMON_WORDS'))).toEqual(commonWords);
  });
});

describe('rankTools', () => {
  it('finds a tool of the other language', () => {
    const tools = [tool('book_flight', 'Books a flight'), tool('get_weather', 'Current weather of a city')];
    expect(bestTool(rankTools('北京明天天气怎么样', tools))).toBe(1);
    expect(bestTool(rankTools('Translate this', [tool('天气预报'), tool('翻译文本')]))).toBe(1);
  });

  it('gives nothing for a request that shares no word', () => {
    expect(bestTool(rankTools('Who painted the ceiling?', [tool('send_email', 'Sends an email')]))).toBeUndefined();
    expect(rankTools('', [tool('f'), tool('g')])).toEqual([0, 0]);
    expect(rankTools('anything', [])).toEqual([]);
  });

  it('stays within 0 and 1 and keeps its level when other tools stand beside', () => {
    const weather = tool('get_weather', 'Current weather of a city');
    const others = Array.from({ length: 29 }, (_, index) => tool(`unrelated_${index}`, 'Sorts marbles'));
    const [alone] = rankTools('weather in the city of Oslo', [weather]);
    const [among] = rankTools('weather in the city of Oslo', [weather, ...others]);
    expect(among).toBeCloseTo(alone ?? -1, 9);
    expect(alone).toBeGreaterThan(0.4);
    expect(alone).toBeLessThan(1);
  });

  it('survives hostile schemas', () => {
    let deep: Tool['parameters'] = { type: 'string' };
    for (let depth = 0; depth < 100; depth++) deep = { type: 'object', properties: { weather: deep } };
    const wide: Tool['parameters'] = { enum: Array.from({ length: 200_000 }, (_, index) => `value${index}`) };
    const tools = [
      { ...tool('a'), parameters: deep },
      { ...tool('b'), parameters: { type: 'object', properties: { wide } } },
      { ...tool('c'), parameters: { properties: 3, enum: 'x', items: [] } },
      { ...tool('\ud800\n'), parameters: true },
    ];
    expect(rankTools('weather', tools).every((score) => score >= 0 && score <= 1)).toBe(true);
  });
});

describe('bestTool', () => {
  it('takes the first of equals and none below the first bin', () => {
    expect(bestTool([0.2, 0.5, 0.5])).toBe(1);
    expect(bestTool([0.05, 0.09])).toBeUndefined();
    expect(bestTool([])).toBeUndefined();
  });
});

describe('shortlist', () => {
  const tools = ['alpha', 'weather', 'beta', 'forecast', 'gamma'].map((name) => tool(name));

  it('keeps the most relevant in their own order, and the first of equals', () => {
    expect(shortlist('weather forecast', tools, 2).map(({ name }) => name)).toEqual(['weather', 'forecast']);
    expect(shortlist('weather', tools, 3).map(({ name }) => name)).toEqual(['alpha', 'weather', 'forecast']);
  });

  it('always keeps the named tool', () => {
    expect(shortlist('weather', tools, 2, 'gamma').map(({ name }) => name)).toEqual(['weather', 'gamma']);
  });

  it('hides nothing below the limit', () => {
    expect(shortlist('weather', tools, 5)).toBe(tools);
  });
});
