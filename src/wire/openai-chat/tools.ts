/** `tools`, and `functions` before them, in every spelling that clients send. */

import type { Field } from '../../base/decode.ts';
import { RequestError } from '../../base/errors.ts';
import type { Tool } from '../../chat/tool.ts';
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
  return decodeList(field, (item) => decodeTool(item, warnings));
}

/** Reads `functions`, the older spelling: definitions without a wrapper. */
export function decodeFunctions(field: Field, warnings: WarningList): DecodedTools {
  return decodeList(field, (item) => decodeDefinition(item, warnings));
}

function decodeList(field: Field, decode: (item: Field) => DecodedTool | undefined): DecodedTools {
  if (field.isAbsent) return { tools: [], hasList: false };
  const items = field.items();
  if (items.length > maxTools) throw field.invalid(`at most ${maxTools} tools are allowed`);
  const tools: Tool[] = [];
  const names = new Set<string>();
  let hasList = false;
  for (const item of items) {
    const decoded = decode(item);
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
  return decodeDefinition(isBare ? item : item.get('function'), warnings);
}

function decodeDefinition(definition: Field, warnings: WarningList): DecodedTool {
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
