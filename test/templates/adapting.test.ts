/** Whatever order a conversation comes in, every template renders it, and no text is lost or said twice. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { promptText } from '../../src/chat/prompt.ts';
import type { Tool } from '../../src/chat/tool.ts';
import { adaptMessages } from '../../src/template/adapt-messages.ts';
import { createChatTemplate } from '../../src/template/chat-template.ts';
import type { TemplateMessage } from '../../src/template/rendering.ts';
import { readFixtures } from './fixtures.ts';

const tool: Tool = {
  name: 'look_up',
  description: 'Looks it up',
  parameters: { type: 'object', properties: {} },
  path: '',
};

/** What a turn of a conversation may be; each becomes one message or more. */
const turns = {
  system: (text: Fresh) => [{ role: 'system', content: text() }],
  user: (text: Fresh) => [{ role: 'user', content: text() }],
  'empty user': () => [{ role: 'user', content: '' }],
  assistant: (text: Fresh) => [{ role: 'assistant', content: text() }],
  thinker: (text: Fresh) => [{ role: 'assistant', content: text(), reasoning: 'hm' }],
  'empty assistant': () => [{ role: 'assistant', content: '' }],
  call: (text: Fresh) => called([text()], '', text),
  'call beside text': (text: Fresh) => called([text()], text(), text),
  'call after thought': (text: Fresh) => called([text()], '', text).map(thinking),
  'call beside text after thought': (text: Fresh) => called([text()], text(), text).map(thinking),
  calls: (text: Fresh) => called([text(), text()], '', text),
  'calls answered backwards': (text: Fresh) => {
    const [calls, ...results] = called([text(), text()], text(), text);
    return calls ? [calls, ...results.reverse()] : [];
  },
  'call without result': (text: Fresh) => called([text()], '', text, 0),
  'calls, one without result': (text: Fresh) => called([text(), text()], '', text, 1),
  'result without call': (text: Fresh) => [{ role: 'tool', content: text(), callId: 'nocall000', name: 'look_up' }],
} satisfies Record<string, (text: Fresh) => unknown>;

type Fresh = () => string;
type Turn = keyof typeof turns;

function called(values: readonly string[], content: string, text: Fresh, answered = Infinity): TemplateMessage[] {
  const calls = values.map((value) => ({ id: id(value), name: 'look_up', arguments: JSON.stringify({ key: value }) }));
  const results = values.slice(0, answered).map((value): TemplateMessage => {
    return { role: 'tool', content: text(), callId: id(value), name: 'look_up' };
  });
  return [{ role: 'assistant', content, calls }, ...results];
}

/** Nine letters and digits, in which the text itself does not stand. */
const id = (value: string) => value.replaceAll('w', '').padStart(9, 'c');

function thinking(message: TemplateMessage): TemplateMessage {
  return message.role === 'assistant' ? { ...message, reasoning: 'hm' } : message;
}

function conversation(order: readonly Turn[]): { messages: TemplateMessage[]; texts: string[] } {
  const texts: string[] = [];
  const fresh = () => {
    texts.push(`w${texts.length}w`);
    return texts.at(-1) ?? '';
  };
  return { messages: order.flatMap((turn) => turns[turn](fresh) as TemplateMessage[]), texts };
}

/** The texts that do not stand in the prompt exactly once. */
function astray(template: ReturnType<typeof createChatTemplate>, order: readonly Turn[], tools: boolean): string[] {
  const { messages, texts } = conversation(order);
  const rendered = promptText(
    template.render({
      messages: adaptMessages(messages, template.abilities),
      ...(tools && { tools: [tool] }),
      addGenerationPrompt: true,
      variables: {},
      now: new Date(0),
    }),
  );
  return texts.filter((text) => rendered.split(text).length !== 2);
}

const nasty: ReadonlyArray<readonly Turn[]> = [
  ['user'],
  ['system'],
  ['assistant'],
  ['system', 'assistant', 'user'],
  ['user', 'user'],
  ['user', 'assistant', 'assistant', 'user'],
  ['system', 'system', 'user', 'system', 'user'],
  ['user', 'system', 'assistant', 'system'],
  ['user', 'assistant'],
  ['user', 'empty assistant', 'user'],
  ['empty user'],
  ['system', 'user', 'call'],
  ['system', 'user', 'call', 'user'],
  ['user', 'call', 'call', 'assistant', 'user'],
  ['user', 'call beside text', 'assistant', 'user'],
  ['user', 'call beside text after thought', 'call after thought'],
  ['user', 'call beside text after thought', 'assistant', 'user', 'thinker', 'user'],
  ['user', 'calls'],
  ['user', 'calls', 'calls answered backwards', 'user'],
  ['user', 'calls answered backwards', 'system', 'user'],
  ['user', 'call without result', 'user'],
  ['user', 'call without result'],
  ['user', 'calls, one without result', 'user'],
  ['user', 'result without call'],
  ['result without call', 'user'],
  ['user', 'assistant', 'result without call', 'call', 'result without call'],
  ['call', 'user'],
  ['system', 'call'],
];

describe.each(readFixtures())('$name', ({ source, tokens }) => {
  const template = createChatTemplate(source, tokens);

  it.each(nasty.map((order) => [order.join(', '), order] as const))('%s', (_, order) => {
    expect([astray(template, order, true), astray(template, order, false)]).toEqual([[], []]);
  });

  it('in any order', () => {
    const kinds = Object.keys(turns) as Turn[];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 7 }), fc.boolean(), (order, tools) => {
        expect(astray(template, order, tools)).toEqual([]);
      }),
      { seed: 7, numRuns: 15 },
    );
  });
});
