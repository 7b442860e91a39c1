/** The nano format against the texts that the model learnt, as the training code wrote them. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Message, ToolCall } from '../../chat/message.ts';
import { promptText } from '../../chat/prompt.ts';
import type { JsonSchema, Tool } from '../../chat/tool.ts';
import { nano } from './nano.ts';
import { accepts, ask, plainCalls, read, toPieces, written } from './nano-cases.contract.ts';

interface Line {
  readonly tools: ReadonlyArray<{
    readonly function: { readonly name: string; readonly description?: string; readonly parameters?: JsonSchema };
  }>;
  readonly messages: ReadonlyArray<{
    readonly role: Message['role'];
    readonly content: string | null;
    readonly tool_calls?: ReadonlyArray<{ readonly id: string; readonly function: Omit<ToolCall, 'id'> }>;
    readonly tool_call_id?: string;
  }>;
  readonly prompt: string;
  readonly answer: string;
  readonly calls: ReadonlyArray<{ readonly name: string; readonly arguments: unknown }>;
}

const file = new URL('../../../models/nano/fixtures/format.jsonl', import.meta.url);
const lines: Line[] = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

const toTools = (line: Line): Tool[] =>
  line.tools.map(({ function: { name, description = '', parameters = { type: 'object', properties: {} } } }) => ({
    name,
    description,
    parameters,
    path: 'tools[0]',
  }));

const toMessages = (line: Line): Message[] =>
  line.messages.map(({ role, content, tool_calls: calls = [], tool_call_id: callId = '' }) => {
    const shared = { content: content ?? '', path: 'messages[0]' };
    if (role === 'tool') return { ...shared, role, callId };
    if (role !== 'assistant') return { ...shared, role };
    return { ...shared, role, calls: calls.map(({ id, function: call }) => ({ id, ...call })) };
  });

/** The prompt as template and server put it together. */
function promptOf(tools: readonly Tool[], messages: readonly Message[]): string {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const list = promptText(nano.instructions?.(ask(tools, { messages })) ?? []);
  const parts = [...system, ...(list === '' ? [] : [list])];
  let text = parts.length === 0 ? '' : `<|system|>${parts.join('\n')}<|end|>`;
  const rest = messages.filter(({ role }) => role !== 'system');
  rest.forEach((message, index) => {
    const joins = message.role === 'tool' && rest[index - 1]?.role === 'tool';
    if (joins) text = `${text.slice(0, -'<|end|>'.length)}\n${message.content}<|end|>`;
    else if (message.role === 'assistant')
      text += `<|assistant|>${promptText(nano.render({ text: message.content, calls: message.calls, tools }))}<|end|>`;
    else text += `<|${message.role === 'tool' ? 'result' : message.role}|>${message.content}<|end|>`;
  });
  return `${text}<|assistant|>`;
}

describe('the texts the model learnt', () => {
  it.each(lines.map((line, index) => [index, line] as const))('%i', (_, line) => {
    const tools = toTools(line);
    const messages = toMessages(line);
    expect(promptOf(tools, messages)).toBe(line.prompt);
    const plan = nano.answer(ask(tools, { messages }));
    const result = read(plan, toPieces(written(line.answer), [4]));
    expect(plainCalls(result)).toEqual(line.calls.map((call) => ({ ...call, outcome: 'ok' })));
    expect(accepts(plan, written(line.answer.replace(/<\|end\|>$/, '')))).toBe(true);
    if (line.calls.length === 0) return;
    const calls = line.calls.map((call, index) => ({
      id: `${index}`,
      name: call.name,
      arguments: JSON.stringify(call.arguments),
    }));
    expect(`${promptText(nano.render({ text: result.text, calls, tools }))}<|end|>`).toBe(line.answer);
  });
});
