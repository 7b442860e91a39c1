import { describe, expect, it } from 'vitest';
import { answer, ask, hermes, plain, user, weather } from '../../test/fixtures/answering-world.ts';
import { promptText } from '../chat/prompt.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { Tool } from '../chat/tool.ts';
import type { AnswerPlan } from '../formats/ask.ts';
import { allFormats, findFormat } from '../formats/formats.ts';
import { ToolNames } from './tool-names.ts';

const odd = 'get{weather';
const tool = (name: string): Tool => ({ ...weather, name });
const react = (name: string): string =>
  `Thought: I look\nAction: ${name}\nAction Input: {"city": "Oslo"}\nObservation:`;
const forced: Partial<ChatRequest> = {
  tools: [tool(odd), tool('get_weather')],
  toolChoice: { type: 'tool', name: odd },
};

describe('names that a format cannot write', () => {
  it('are spelled otherwise for the model and come back as they were', async () => {
    const { choices, warnings, seen } = await answer([{ chunks: [react('get_weather_2')] }], ask(forced), {
      template: plain,
    });
    expect(choices).toMatchObject([
      { calls: [{ name: odd, arguments: '{"city": "Oslo"}', kept: { enforced: true } }] },
    ]);
    expect(warnings).toEqual([expect.objectContaining({ code: 'tool_renamed', param: 'tools' })]);
    expect(seen.prompts[0]).toContain('get_weather_2');
    expect(seen.prompts[0]).not.toContain(odd);
  });

  it('are the same in the history, with their results', async () => {
    const path = 'messages[1]';
    const call = { id: 'a', name: odd, arguments: '{"city": "Bergen"}' };
    const messages = [
      user('Bergen?'),
      { role: 'assistant', content: '', calls: [call], path } as const,
      { role: 'tool', callId: 'a', name: odd, content: '7 degrees', path } as const,
    ];
    const { seen } = await answer([{ chunks: ['7.'] }], ask({ tools: [tool(odd)], messages }), { template: plain });
    expect(seen.prompts[0]).toContain('Action: get_weather\n');
    expect(seen.prompts[0]).not.toContain(odd);
  });

  it('are asked for again under the name that the model knows', async () => {
    const bad = react('get_weather').replace('{"city": "Oslo"}', '{"days": 1}');
    const { choices, seen } = await answer(
      [{ chunks: [bad] }, { chunks: [react('get_weather')] }],
      ask({ tools: [tool(odd)] }),
      { template: plain, constrained: false },
    );
    expect(choices).toMatchObject([{ calls: [{ name: odd }] }]);
    expect(seen.prompts[1]).toContain('Action: get_weather\n');
  });

  it('are left alone where the format can', async () => {
    const { choices, warnings, seen } = await answer([{ chunks: [hermes('{"city": "Oslo"}', odd)] }], ask(forced));
    expect(choices).toMatchObject([{ calls: [{ name: odd }] }]);
    expect(warnings).toEqual([]);
    expect(seen.prompts[0]).toContain(odd);
  });
});

describe('in every format', () => {
  const names = [
    'get(x)',
    'a>b',
    'a<b',
    'a[b]',
    '"a"',
    '`a`',
    'a b',
    'a:b',
    'a\nb',
    '{',
    '天气',
    '<|im_end|>',
    '[ARGS]',
  ];
  const request = ask({ tools: names.map(tool) });
  const { messages, toolChoice: choice, parallelCalls: parallel } = request;

  it.each(allFormats.filter(({ name }) => name !== 'nano'))('$name, calls under odd names come back', (format) => {
    const spelling = new ToolNames(request, format);
    const { tools } = spelling.spell(request);
    expect(new Set(tools.map(({ name }) => name)).size).toBe(names.length);
    const conditions = { messages, choice, parallel, language: 'en', promptEnd: 'text', tools } as const;
    const plan: AnswerPlan = spelling.translate(format.answer(conditions));
    for (const [index, original] of names.entries()) {
      const spelled = tools[index]?.name ?? '';
      const call = { id: 'call00001', name: spelled, arguments: '{"city":"Oslo"}' };
      const written = promptText(format.render({ text: '', calls: [call], tools }));
      const { promptTail = '' } = format;
      const parser = plan.parser(() => 'id');
      const text = written.startsWith(promptTail) ? written.slice(promptTail.length) : written;
      const events = [...parser.push({ text, tokens: 1 }), ...parser.end('stop')];
      expect(events.flatMap((event) => (event.type === 'call-start' ? [event.name] : []))).toEqual([original]);
      expect(plan.relaxed.has(original)).toBe(true);
    }
  });

  it('names are numbered where the plain spelling is taken', () => {
    const pythonic = findFormat('pythonic');
    if (pythonic === undefined) throw new RangeError('there is no such format');
    const spelling = new ToolNames(ask({ tools: ['a(b)', 'a_b_', 'a[b(', '(', '1('].map(tool) }), pythonic);
    const spelled = spelling.spell(ask({ tools: ['a(b)', 'a_b_', 'a[b(', '(', '1('].map(tool) })).tools;
    expect(spelled.map(({ name }) => name)).toEqual(['a_b__2', 'a_b_', 'a_b__3', 'tool__', 'tool_1_']);
  });
});
