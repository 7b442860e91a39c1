/** `tools` and `tool_choice` in every spelling that clients send. */

import type { Field } from '../../base/decode.ts';
import { RequestError } from '../../base/errors.ts';
import type { Tool, ToolChoice } from '../../chat/tool.ts';
import { unsupported } from './fields.ts';
import { decodeParameters } from './parameters.ts';
import type { WarningList } from './warnings.ts';

/** The tools, and whether any of them used the list dialect. */
export interface DecodedTools {
  readonly tools: readonly Tool[];
  readonly hasList: boolean;
}

const maxTools = 8_192;
const maxNameLength = 256;
/** OpenAI allows `[a-zA-Z0-9_-]{1,64}`; dots, blanks inside and other scripts do no harm, control characters do. */
const badName = /[\p{Cc}\u2028\u2029]|^\s|\s$/u;

/** Reads `tools`; null, absent and `[]` are the same. */
export function decodeTools(field: Field, warnings: WarningList): DecodedTools {
  if (field.isAbsent) return { tools: [], hasList: false };
  const items = field.items();
  if (items.length > maxTools) throw field.invalid(`at most ${maxTools} tools are allowed`);
  const tools: Tool[] = [];
  const names = new Set<string>();
  let hasList = false;
  for (const item of items) {
    const decoded = decodeTool(item, warnings);
    if (decoded === undefined) continue;
    if (names.has(decoded.tool.name)) throw duplicate(decoded.tool.name, decoded.path);
    names.add(decoded.tool.name);
    tools.push(decoded.tool);
    hasList ||= decoded.isList;
  }
  return { tools, hasList };
}

interface DecodedTool {
  readonly tool: Tool;
  readonly path: string;
  readonly isList: boolean;
}

/** Undefined for kinds of tools that are no functions: one exotic tool must not cost the whole request. */
function decodeTool(item: Field, warnings: WarningList): DecodedTool | undefined {
  const type = item.get('type');
  if (!type.isAbsent && type.string() !== 'function') {
    warnings.add('ignored_tool', `The tool at '${item.path}' is ignored: only functions are supported.`, item.path);
    return undefined;
  }
  const isBare = item.get('function').isAbsent && !item.get('name').isAbsent;
  const definition = isBare ? item : item.get('function');
  const name = definition.get('name');
  const { schema, isList } = decodeParameters(definition.get('parameters'), warnings);
  const strict = definition.get('strict').optional((field) => field.boolean());
  const tool: Tool = {
    name: decodeName(name),
    description: definition.get('description').optional((field) => field.string()) ?? '',
    parameters: schema,
    ...(strict !== undefined && { strict }),
    path: definition.get('parameters').path,
  };
  return { tool, path: name.path, isList };
}

function decodeName(field: Field): string {
  const name = field.string();
  if (name === '') throw field.invalid('a tool needs a name');
  if (name.length > maxNameLength) throw field.invalid(`must be at most ${maxNameLength} characters long`);
  if (badName.test(name)) throw field.invalid('must not hold control characters, or blanks at its ends');
  return name;
}

function duplicate(name: string, path: string): RequestError {
  return new RequestError('duplicate_tool', `Two tools have the name '${name}'.`, { param: path });
}

/** Reads `tool_choice`; demanding a call without tools, or of a tool that is not there, is the caller's mistake. */
export function decodeToolChoice(field: Field, tools: readonly Tool[]): ToolChoice {
  const choice = readChoice(field);
  const demands = choice.type === 'required' || choice.type === 'tool';
  if (demands && tools.length === 0)
    throw new RequestError('tools_missing', "'tool_choice' demands a call, but 'tools' is empty.", {
      param: field.path,
    });
  if (choice.type === 'tool' && !tools.some((tool) => tool.name === choice.name))
    throw new RequestError('unknown_tool', `'tool_choice' names '${choice.name}', which is not among the tools.`, {
      param: field.path,
    });
  return choice;
}

function readChoice(field: Field): ToolChoice {
  if (field.isAbsent) return { type: 'auto' };
  if (typeof field.value === 'string') return { type: field.oneOf(['auto', 'none', 'required']) };
  const type = field.get('type').optional((item) => item.string()) ?? 'function';
  if (type === 'allowed_tools' || type === 'custom')
    throw unsupported(field.path, `of type '${type}' is not supported`);
  if (type !== 'function') throw field.get('type').invalid("must be 'function'");
  const definition = field.get('function').isAbsent && !field.get('name').isAbsent ? field : field.get('function');
  return { type: 'tool', name: definition.get('name').string() };
}
