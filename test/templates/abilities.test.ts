/** What is learnt of reasoning by rendering: where it is printed, whether the prompt opens it, what switches it. */

import { describe, expect, it } from 'vitest';
import { promptText } from '../../src/chat/prompt.ts';
import { endsInReasoning } from '../../src/template/abilities.ts';
import { createChatTemplate } from '../../src/template/chat-template.ts';
import { readFixture } from './fixtures.ts';

const templateOf = (name: string) => {
  const { source, tokens } = readFixture(name);
  return createChatTemplate(source, tokens);
};

describe('reasoning', () => {
  it.each([
    // name, beside calls, of earlier turns, opened by the prompt, variables
    ['hermes', true, false, false, ['enable_thinking']],
    ['glm-4.7', true, false, true, ['enable_thinking']],
    ['deepseek-v3.1', false, false, false, ['thinking']],
    ['deepseek-v3.2', true, false, false, ['enable_thinking', 'thinking']],
    ['kimi-k3', true, true, true, ['thinking']],
    ['ling-3', true, true, true, ['enable_thinking', 'thinking_option']],
    ['seed-oss', true, true, false, ['thinking_budget']],
    ['minimax-m3', true, true, false, ['thinking_mode']],
    ['harmony', true, false, false, ['reasoning_effort']],
    ['command-a-plus', true, false, true, ['enable_thinking']],
    ['k2-horizon', true, false, true, ['reasoning_effort']],
    ['solar-open-2', true, false, true, ['reasoning_effort']],
    ['llama-3-json', false, false, false, []],
    ['chatml', false, false, false, []],
  ] as const)('of %s', (name, besideCalls, ofEarlierTurns, opens, variables) => {
    const { abilities } = templateOf(name);
    expect([abilities.reasoningBesideCalls, abilities.reasoningOfEarlierTurns]).toEqual([besideCalls, ofEarlierTurns]);
    expect([abilities.promptEndsInReasoning, abilities.thinkingVariables]).toEqual([opens, variables]);
  });

  it('reaches a template under the name that it reads', () => {
    const messages = [
      { role: 'user' as const, content: 'q' },
      { role: 'assistant' as const, content: '', reasoning: 'hm', calls: [{ id: 'c', name: 'f', arguments: '{}' }] },
      { role: 'tool' as const, content: 'r', callId: 'c', name: 'f' },
    ];
    const harmony = templateOf('harmony').render({
      messages,
      addGenerationPrompt: true,
      variables: {},
      now: new Date(0),
    });
    expect(promptText(harmony)).toContain('<|channel|>analysis<|message|>hm<|end|>');
  });

  it('is opened or not as the request says', () => {
    const template = templateOf('deepseek-v3.2');
    const question = {
      messages: [{ role: 'user' as const, content: 'q' }],
      addGenerationPrompt: true,
      now: new Date(0),
    };
    for (const thinking of [true, false])
      expect(endsInReasoning(template.render({ ...question, variables: { thinking } }))).toBe(thinking);
  });
});

describe('calls', () => {
  it.each([
    ['hermes', { callsBesideText: true, severalCalls: true, orphanResults: true, emptyAnswer: true }],
    ['llama-3-json', { callsBesideText: false, severalCalls: false }],
    ['harmony', { callsBesideText: false, severalCalls: false, orphanResults: false }],
    ['command-a', { callsBesideText: true, reasonedCallsBesideText: false }],
    ['mistral-v11', { emptyAnswer: false, consecutiveUsers: false, userAfterTool: false }],
    ['minimax-m2', { orphanResults: false }],
  ])('of %s', (name, expected) => {
    expect(templateOf(name).abilities).toMatchObject(expected);
  });
});
