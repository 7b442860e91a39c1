/** Writes calls as the model itself would have written them, from a format's syntax. */

import { type ExactJson, parseExact, printExact } from '../base/json.ts';
import type { ToolCall } from '../chat/message.ts';
import { joinSegments, type Prompt, type PromptSegment } from '../chat/prompt.ts';
import type { Spacing } from '../grammar/notation.ts';
import type { Turn } from './format.ts';
import { type Interpreter, interpret, type SyntaxOf } from './syntax.ts';

/** The calls of a format: their syntax, and what joins the first to text before it. */
export interface CallSyntax {
  readonly calls: SyntaxOf<'many'>;
  readonly lead: string;
}

/** Writes a turn: its text, then its calls. */
export function renderTurn(syntax: CallSyntax, turn: Turn): Prompt {
  const { item, separator } = syntax.calls;
  const segments = [letters(turn.text)];
  turn.calls.forEach((call, index) => {
    if (index > 0) segments.push(letters(separator));
    else if (turn.text !== '') segments.push(letters(syntax.lead));
    segments.push(...interpret(renderer, item, call));
  });
  return joinSegments(segments);
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
const renderer: Interpreter<ToolCall, PromptSegment[]> = {
  text: (node) => [{ text: node.text, trusted: true }],
  gap: (node) => [letters(node.text)],
  name: (node, call) => [letters(call.name + node.end)],
  jsonArgs: (node, call) => [letters(renderArguments(call.arguments, node.spacing))],
  jsonCall: (node, call) => {
    const { start, middle } = jsonCallFrame(node, call.name);
    return [letters(`${start}${middle}${renderArguments(call.arguments, node.spacing)}}`)];
  },
  seq: (node, call) => node.items.flatMap((item) => interpret(renderer, item, call)),
  many: (node, call) => interpret(renderer, node.item, call),
  optional: () => [],
};

/** The fixed parts of an object that names a tool: up to and including the name, and from there to the arguments. */
export function jsonCallFrame(node: SyntaxOf<'jsonCall'>, name: string): { start: string; middle: string } {
  const blank = node.spacing === 'spaced' ? ' ' : '';
  return {
    start: `{${JSON.stringify(node.nameKey)}:${blank}${JSON.stringify(name)}`,
    middle: `,${blank}${JSON.stringify(node.argumentsKey)}:${blank}`,
  };
}

function letters(text: string): PromptSegment {
  return { text, trusted: false };
}
