/** `messages`: roles, calls and their results, matched to each other. */

import type { Field } from '../../base/decode.ts';
import { RequestError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { Message, ToolCall } from '../../chat/message.ts';
import { decodeContent, decodeResultContent, decodeUserContent } from './content.ts';
import { unsupported } from './fields.ts';
import { OpenCalls } from './open-calls.ts';
import type { WarningList } from './warnings.ts';

const roles = ['system', 'developer', 'user', 'assistant', 'tool', 'function'] as const;

/** Reads the conversation; every tool result must answer a call that stands before it. */
export function decodeMessages(field: Field, warnings: WarningList): readonly Message[] {
  if (field.isAbsent) throw field.missing();
  const items = field.items();
  if (items.length === 0)
    throw new RequestError('invalid_messages', "'messages' is empty: at least one message is needed.", {
      param: field.path,
    });
  const calls = new OpenCalls();
  return items.map((item, index) => decodeMessage(item, { index, calls, warnings }));
}

interface Place {
  readonly index: number;
  readonly calls: OpenCalls;
  readonly warnings: WarningList;
}

function decodeMessage(item: Field, place: Place): Message {
  const { path } = item;
  const role = item.get('role').oneOf(roles);
  const content = item.get('content');
  switch (role) {
    case 'system':
    case 'developer':
      return { role: 'system', content: decodeContent(content), path };
    case 'user':
      if (content.isAbsent) throw content.missing();
      return { role, ...decodeUserContent(content), path };
    case 'assistant':
      return decodeAssistant(item, place);
    case 'tool':
    case 'function': {
      const call = place.calls.answer(item);
      return { role: 'tool', callId: call.id, name: call.name, ...decodeResultContent(content, place.warnings), path };
    }
  }
}

function decodeAssistant(item: Field, { index, calls }: Place): Message {
  for (const key of ['audio', 'prefix', 'partial'])
    if (item.object()[key]) throw unsupported(item.get(key).path, 'is not supported');
  const refusal = item.get('refusal').optional((field) => field.string()) ?? '';
  const text = decodeContent(item.get('content'));
  const reasoning = firstString(item, ['reasoning_content', 'reasoning']);
  const made = decodeCalls(item, index);
  calls.open(made);
  return {
    role: 'assistant',
    content: text === '' ? refusal : text,
    ...(reasoning !== '' && { reasoning }),
    calls: made,
    path: item.path,
  };
}

/** Reasoning comes in several shapes; the structured ones are other servers' own and carry no plain text. */
function firstString(item: Field, keys: readonly string[]): string {
  for (const key of keys) {
    const { value } = item.get(key);
    if (typeof value === 'string' && value !== '') return value;
  }
  return '';
}

function decodeCalls(item: Field, messageIndex: number): readonly ToolCall[] {
  const listed = item.get('tool_calls').optional((field) => field.items()) ?? [];
  const legacy = item.get('function_call');
  if (listed.length === 0 && !legacy.isAbsent) return [decodeFunction(legacy, `call_${messageIndex}_0`)];
  return listed.map((call, number) => {
    const type = call.get('type').optional((field) => field.string()) ?? 'function';
    if (type !== 'function') throw unsupported(call.path, `of type '${type}' is not supported`);
    const id = call.get('id').optional((field) => field.string()) ?? '';
    return decodeFunction(call.get('function'), id === '' ? `call_${messageIndex}_${number}` : id);
  });
}

function decodeFunction(field: Field, id: string): ToolCall {
  const name = field.get('name');
  if (name.string() === '') throw name.invalid('a call needs the name of a tool');
  return { id, name: name.string(), arguments: decodeArguments(field.get('arguments')) };
}

/** The text as the client has it, even where it is no JSON (a cut call comes back that way). */
function decodeArguments(field: Field): string {
  if (field.isAbsent || field.value === '') return '{}';
  return isObject(field.value) ? JSON.stringify(field.value) : field.string();
}
