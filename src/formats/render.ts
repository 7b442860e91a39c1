/** Writes calls as the model itself would have written them, from a format's syntax. */

import { type ExactJson, parseExact, printExact } from '../base/json.ts';
import type { ToolCall } from '../chat/message.ts';
import { joinSegments, type Prompt, type PromptSegment } from '../chat/prompt.ts';
import type { JsonSchema } from '../chat/tool.ts';
import type { Spacing } from '../grammar/notation.ts';
import { blockOf } from './call-block.ts';
import type { Turn } from './format.ts';
import { renderNotation } from './notations/notations.ts';
import { type FixedMember, type Interpreter, interpret, type Syntax, type SyntaxOf } from './syntax.ts';

/** The calls of a format: their syntax, and what joins the first to text before it. */
export interface CallSyntax {
  readonly calls: Syntax;
  readonly lead: string;
}

/** Writes a turn: its text, then its calls. */
export function renderTurn(syntax: CallSyntax, turn: Turn): Prompt {
  if (turn.calls.length === 0) return joinSegments([letters(turn.text)]);
  const { before, item, separator, after } = blockOf(syntax.calls);
  const schemas = new Map(turn.tools.map((tool) => [tool.name, tool.parameters]));
  const places = turn.calls.map((call, index): CallPlace => ({ call, index, schema: schemas.get(call.name) ?? true }));
  const write = (parts: readonly Syntax[], place: CallPlace | undefined): PromptSegment[] =>
    place === undefined ? [] : parts.flatMap((part) => interpret(renderer, part, place));
  return joinSegments([
    letters(turn.text),
    letters(turn.text === '' ? '' : syntax.lead),
    ...write(before, places[0]),
    ...places.flatMap((place, index) => [letters(index === 0 ? '' : separator), ...write([item], place)]),
    ...write(after, places.at(-1)),
  ]);
}

/** One call of a turn. */
interface CallPlace {
  readonly call: ToolCall;
  readonly index: number;
  readonly schema: JsonSchema;
}

/**
 * Arguments as the model would have written them: key order and number text are kept, so that a turn that comes
 * back has the bytes the model generated. Text that is no JSON is written as it came; none at all is `{}`.
 */
export function renderArguments(json: string, spacing: Spacing): string {
  if (json.trim() === '') return '{}';
  let value: ExactJson;
  try {
    value = parseExact(json);
  } catch {
    return json;
  }
  return printExact(value, spacing);
}

/** Only markers are trusted; names and arguments are strangers' letters, and JSON's frame needs no special token. */
const renderer: Interpreter<CallPlace, readonly PromptSegment[]> = {
  text: (node) => [{ text: node.text, trusted: true }],
  gap: (node) => [letters(node.text)],
  name: (node, { call }) => [letters(call.name + (node.peeks ? '' : node.end))],
  again: (node, { call }) => [letters(call.name), { text: node.end, trusted: true }],
  id: (node, { call }) => [letters(call.id), { text: node.end, trusted: true }],
  ordinal: (node, { index }) => [letters(String(node.from + index)), { text: node.end, trusted: true }],
  args: ({ notation }, { call, schema }) => renderNotation(call.arguments, notation, schema),
  jsonCall: (node, { call, index }) => {
    const { start, name, middle } = jsonCallFrame(node, call.name, index);
    return [letters(`${start}${name}${middle}${renderArguments(call.arguments, node.spacing)}}`)];
  },
  keyCall: (node, { call }) => {
    const { start, name, middle } = keyCallFrame(node, call.name);
    return [letters(`${start}${name}${middle}${renderArguments(call.arguments, node.spacing)}}`)];
  },
  seq: (node, place) => node.items.flatMap((item) => interpret(renderer, item, place)),
  many: (node, place) => interpret(renderer, node.item, place),
  optional: () => [],
};

/** The fixed parts of an object that names a tool: before the name, the name, and from there to the arguments. */
export interface CallFrame {
  readonly start: string;
  readonly name: string;
  readonly middle: string;
}

/** The frame of the call with this number in its turn. */
export function jsonCallFrame(node: SyntaxOf<'jsonCall'>, name: string, index: number): CallFrame {
  const blank = node.spacing === 'spaced' ? ' ' : '';
  const member = (key: string, value: string): string => `${JSON.stringify(key)}:${blank}${JSON.stringify(value)}`;
  const fixed = node.fixed.map((each) => `${member(each.key, fixedValue(each, index))},${blank}`);
  return {
    start: `{${fixed.join('')}${JSON.stringify(node.nameKey)}:${blank}`,
    name: JSON.stringify(name),
    middle: `,${blank}${JSON.stringify(node.argumentsKey)}:${blank}`,
  };
}

function fixedValue(member: FixedMember, index: number): string {
  return 'value' in member ? member.value : String(member.ordinalFrom + index);
}

/** The frame of an object whose key is the name. */
export function keyCallFrame(node: SyntaxOf<'keyCall'>, name: string): CallFrame {
  return { start: '{', name: JSON.stringify(name), middle: node.spacing === 'spaced' ? ': ' : ':' };
}

function letters(text: string): PromptSegment {
  return { text, trusted: false };
}
