/** `tool_choice`, and `function_call` before it: what the model must, may and may not call. */

import type { Field } from '../../base/decode.ts';
import { RequestError } from '../../base/errors.ts';
import type { Tool, ToolChoice } from '../../chat/tool.ts';
import { unsupported } from './fields.ts';

/** Reads `tool_choice`; demanding a call without tools, or of a tool that is not there, is the caller's mistake. */
export function decodeToolChoice(field: Field, tools: readonly Tool[]): ToolChoice {
  if (field.isAbsent) return { type: 'auto' };
  if (typeof field.value === 'string') {
    const type = field.oneOf(['auto', 'none', 'required']);
    if (type === 'required') demandTools(field, tools);
    return { type };
  }
  const type = field.get('type').optional((item) => item.string()) ?? 'function';
  if (type === 'allowed_tools') return decodeAllowed(field, tools);
  if (type === 'custom') throw unsupported(field.path, `of type '${type}' is not supported`);
  if (type !== 'function') throw field.get('type').invalid("must be 'function' or 'allowed_tools'");
  return named(nameOf(field), { field, tools });
}

/** Reads `function_call`, whose named form has no wrapper. */
export function decodeFunctionCall(field: Field, tools: readonly Tool[]): ToolChoice {
  if (field.isAbsent) return { type: 'auto' };
  if (typeof field.value === 'string') return { type: field.oneOf(['auto', 'none']) };
  return named(field.get('name'), { field, tools });
}

interface Choosing {
  readonly field: Field;
  readonly tools: readonly Tool[];
}

function named(name: Field, { field, tools }: Choosing): ToolChoice {
  const choice = { type: 'tool', name: name.string() } as const;
  demandTools(field, tools);
  if (!tools.some((tool) => tool.name === choice.name)) throw unknown(field, choice.name);
  return choice;
}

/** The tools stay in the prompt, so that its prefix stays the same; only some of them may be called. */
function decodeAllowed(field: Field, tools: readonly Tool[]): ToolChoice {
  const isBare = field.get('allowed_tools').isAbsent && !field.get('tools').isAbsent;
  const allowed = isBare ? field : field.get('allowed_tools');
  const type = allowed.get('mode').oneOf(['auto', 'required']);
  const list = allowed.get('tools');
  if (list.isAbsent) throw list.missing();
  const known = new Set(tools.map((tool) => tool.name));
  const names = new Set<string>();
  for (const item of list.items()) {
    const kind = item.get('type').optional((field) => field.string()) ?? 'function';
    if (kind !== 'function') throw unsupported(item.path, `of type '${kind}' is not supported`);
    const name = nameOf(item);
    if (!known.has(name.string())) throw unknown(name, name.string());
    names.add(name.string());
  }
  if (names.size === 0) throw list.invalid("at least one tool must be allowed; to allow none, say 'none'");
  return { type, allowed: [...names] };
}

/** `{ function: { name } }`, or `{ name }` alone. */
function nameOf(field: Field): Field {
  const isBare = field.get('function').isAbsent && !field.get('name').isAbsent;
  return (isBare ? field : field.get('function')).get('name');
}

function demandTools({ path }: Field, tools: readonly Tool[]): void {
  if (tools.length > 0) return;
  throw new RequestError('tools_missing', `'${path}' demands a call, but there are no tools.`, { param: path });
}

function unknown({ path }: Field, name: string): RequestError {
  return new RequestError('unknown_tool', `'${path}' names '${name}', which is not among the tools.`, { param: path });
}
