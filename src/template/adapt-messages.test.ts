import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { promptText } from '../chat/prompt.ts';
import { adaptMessages } from './adapt-messages.ts';
import { createChatTemplate } from './chat-template.ts';
import {
  chatml,
  chatmlTokens,
  gemma,
  gemmaTokens,
  llama,
  llamaTokens,
  reasoning,
  strict,
  strictTokens,
  textArguments,
} from './fixtures/templates.ts';
import type { TemplateMessage } from './rendering.ts';

const templates = {
  chatml: createChatTemplate(chatml, chatmlTokens),
  gemma: createChatTemplate(gemma, gemmaTokens),
  llama: createChatTemplate(llama, llamaTokens),
  reasoning: createChatTemplate(reasoning, chatmlTokens),
  strict: createChatTemplate(strict, strictTokens),
};
const system = (content: string): TemplateMessage => ({ role: 'system', content });
const user = (content: string): TemplateMessage => ({ role: 'user', content });
const assistant = (content: string): TemplateMessage => ({ role: 'assistant', content });
const calling = (id: string): TemplateMessage => ({
  role: 'assistant',
  content: '',
  calls: [{ id, name: 'f', arguments: '{}' }],
});
const result = (callId: string, content: string): TemplateMessage => ({ role: 'tool', content, callId, name: 'f' });

function adapted(
  name: keyof typeof templates,
  messages: readonly TemplateMessage[],
): Array<readonly [string, unknown]> {
  return adaptMessages(messages, templates[name].abilities).map(({ role, content }) => [role, content]);
}

describe('adaptMessages', () => {
  it('leaves alone what is accepted', () => {
    const messages = [system('s'), user('a'), user('b'), calling('call00001'), result('call00001', 'r'), user('c')];
    expect(adaptMessages(messages, templates.chatml.abilities)).toEqual(messages);
  });

  it('puts a system message into the first user turn where there is no such role', () => {
    expect(adapted('gemma', [system('s'), system('t'), user('a')])).toEqual([['user', 's\n\nt\n\na']]);
  });

  it('lets the user say what the system says later, where it was said', () => {
    expect(adapted('strict', [system('s'), user('a'), assistant('b'), system('t'), user('c')])).toEqual([
      ['user', 's\n\na'],
      ['assistant', 'b'],
      ['user', 't\n\nc'],
    ]);
  });

  it('does not come between a call and its result', () => {
    const messages = [user('a'), calling('call00001'), system('t'), result('call00001', 'r'), user('b')];
    expect(adapted('strict', messages).map(([role]) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
      'user',
    ]);
  });

  it('merges neighbours where turns must alternate, and keeps what is trusted', () => {
    const content = [{ text: '<start_of_turn>', trusted: true }];
    expect(adapted('gemma', [user('a'), { role: 'user', content }])).toEqual([
      [
        'user',
        [
          { text: 'a\n\n', trusted: false },
          { text: '<start_of_turn>', trusted: true },
        ],
      ],
    ]);
  });

  it('splits calls that were made at once where only one is taken', () => {
    const [first, second] = [calling('call00001'), calling('call00002')];
    const both = { ...first, content: 'a', calls: [...(first.calls ?? []), ...(second.calls ?? [])] };
    const messages = [user('q'), both, result('call00002', 'two'), result('call00001', 'one'), user('w')];
    expect(adapted('llama', messages)).toEqual([
      ['user', 'q'],
      ['assistant', 'a'],
      ['assistant', ''],
      ['tool', 'one'],
      ['assistant', ''],
      ['tool', 'two'],
      ['user', 'w'],
    ]);
    expect(adaptMessages(messages, templates.chatml.abilities)).toEqual(messages);
  });

  it('keeps text and calls apart where the template prints only one of them', () => {
    const template = createChatTemplate(textArguments, chatmlTokens);
    const messages = [user('q'), { ...calling('c1'), content: 'a' }, result('c1', 'r')];
    const roles = adaptMessages(messages, template.abilities).map(({ role, calls = [] }) => [role, calls.length]);
    expect(roles).toEqual([
      ['user', 0],
      ['assistant', 0],
      ['assistant', 1],
      ['tool', 0],
    ]);
  });

  it('opens with a user turn where the template demands one', () => {
    expect(adapted('gemma', [assistant('hello'), user('a')]).map(([role]) => role)).toEqual([
      'user',
      'assistant',
      'user',
    ]);
  });

  it('renders every conversation with every template, losing no text', () => {
    const turn = fc.constantFrom('system', 'user', 'assistant', 'call', 'calls without result');
    fc.assert(
      fc.property(
        fc.array(turn, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(...Object.values(templates)),
        (turns, template) => {
          const messages = turns.flatMap((kind, index) => {
            const text = `text${index}.`;
            if (kind === 'system') return [system(text)];
            if (kind === 'user') return [user(text)];
            if (kind === 'assistant') return [assistant(text)];
            const id = `call0000${index}`;
            return kind === 'call' ? [calling(id), result(id, text)] : [calling(id)];
          });
          const rendered = promptText(
            template.render({
              messages: adaptMessages(messages, template.abilities),
              addGenerationPrompt: true,
              variables: {},
              now: new Date(0),
            }),
          );
          for (const { content } of messages) expect(rendered).toContain(content);
        },
      ),
      { seed: 5, numRuns: 500 },
    );
  });
});
