/** Generated tools, values, turns and chunkings for the suite over all formats. */

import fc from 'fast-check';
import { type ExactJson, type Json, JsonNumber, printExact } from '../base/json.ts';
import type { ParserEvent } from '../chat/event.ts';
import { type FoldedChoice, Folder } from '../chat/fold.ts';
import type { Piece } from '../chat/piece.ts';
import type { Prompt } from '../chat/prompt.ts';
import type { Tool } from '../chat/tool.ts';
import type { AnswerPlan, Ask } from './ask.ts';
import type { ToolFormat } from './format.ts';

/** A schema with a value that is valid against it. */
interface Typed {
  readonly schema: Json;
  readonly value: ExactJson;
}

/** A call to one of the tools, its arguments valid against the tool's schema. */
export interface CallCase {
  readonly tool: Tool;
  readonly value: ExactJson;
}

/** What chat models stumble over, and every marker anyone uses. */
const traps = [
  '<tool_call>',
  '</tool_call>',
  '<think>',
  '</think>',
  '\nObservation:',
  'Action: get\n',
  '```',
  '"}}',
  '\\',
  '\\"',
  "'",
  '\r\n',
  '<|call|>',
  '<|im_end|>',
  '{"name": "get", "arguments": {}}',
  '😀',
  '中文，',
  '\u0000',
  '\u007f',
  '\u2028',
  '\uffff',
  '__proto__',
  '</parameter>',
  '[TOOL_CALLS]',
  '<|"|>',
  '</',
  ']}',
];

const plainText = fc.string({ unit: 'grapheme', maxLength: 8 });

/** Texts full of traps, and of pieces of this format's own example. */
export function trickyText(format: ToolFormat): fc.Arbitrary<string> {
  const { example } = format;
  const piece = fc
    .tuple(fc.nat(example.length), fc.nat(example.length))
    .map(([one, other]) => example.slice(Math.min(one, other), Math.max(one, other)))
    .filter((slice) => slice.length < example.length - 8);
  return fc
    .array(fc.oneof(plainText, fc.constantFrom(...traps), piece), { maxLength: 4 })
    .map((parts) => parts.join(''));
}

/** No integers: JavaScript's objects, and so schemas, do not keep their order. */
const key = fc
  .oneof(
    fc.constantFrom('a', 'b', 'name', 'arguments', 'parameters', '城市', '__proto__', 'x y', 'q"'),
    fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 6 }),
  )
  .filter((name) => !/^\d+$/.test(name));

function typed(format: ToolFormat, levels: number): fc.Arbitrary<Typed> {
  const text = fc.oneof(trickyText(format), fc.constant(format.example));
  const scalars: fc.Arbitrary<Typed>[] = [
    text.map((value) => ({ schema: { type: 'string' }, value })),
    fc.integer().map((value) => ({ schema: { type: 'integer' }, value: new JsonNumber(String(value)) })),
    fc
      .constantFrom('1.0', '-0', '1e3', '12345678901234567890', '0.1')
      .map((number) => ({ schema: { type: 'number' }, value: new JsonNumber(number) })),
    fc.boolean().map((value) => ({ schema: { type: 'boolean' }, value })),
    fc.constant({ schema: { type: 'null' }, value: null }),
    fc
      .uniqueArray(plainText, { minLength: 1, maxLength: 3 })
      .map((values) => ({ schema: { enum: values }, value: values[0] ?? '' })),
  ];
  if (levels === 0) return fc.oneof(...scalars);
  const list = typed(format, levels - 1).map(
    ({ schema, value }): Typed => ({ schema: { type: 'array', items: schema }, value: [value, value] }),
  );
  return fc.oneof(
    { weight: 4, arbitrary: fc.oneof(...scalars) },
    { weight: 1, arbitrary: list },
    { weight: 1, arbitrary: typedObject(format, levels - 1) },
  );
}

function typedObject(
  format: ToolFormat,
  levels: number,
): fc.Arbitrary<Typed & { readonly schema: { readonly [key: string]: Json } }> {
  const property = fc.record({
    key,
    typed: typed(format, levels),
    presence: fc.constantFrom('required', 'given', 'absent'),
  });
  return fc.uniqueArray(property, { maxLength: 4, selector: (each) => each.key }).map((properties) => ({
    schema: {
      type: 'object',
      properties: Object.fromEntries(properties.map((each) => [each.key, each.typed.schema])),
      required: properties.filter((each) => each.presence === 'required').map((each) => each.key),
      additionalProperties: false,
    },
    value: new Map(properties.filter((each) => each.presence !== 'absent').map((each) => [each.key, each.typed.value])),
  }));
}

const toolName = fc.oneof(
  fc.constantFrom('get', 'get_weather', 'get_weather_now', 'a.b-c', 'x'),
  fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_-]{0,20}$/),
);

/** One to four tools, each with a call to it that the format can carry. */
export function callCases(format: ToolFormat): fc.Arbitrary<readonly CallCase[]> {
  const one = fc
    .record({ name: toolName, typed: typedObject(format, 2), description: trickyText(format) })
    .map(({ name, typed: { schema, value }, description }) => ({ name, description, parameters: schema, value }))
    .filter(({ name, parameters, value }) => format.carries(printExact(value), { name, parameters }));
  return fc.uniqueArray(one, { minLength: 1, maxLength: 4, selector: (each) => each.name }).map((cases) =>
    cases.map(({ name, description, parameters, value }, index) => ({
      tool: { name, description, parameters, path: `tools[${index}]` },
      value,
    })),
  );
}

/** An ask with these tools, `auto` and parallel unless said otherwise. */
export function askFor(tools: readonly Tool[], changes: Partial<Ask> = {}): Ask {
  return {
    tools,
    choice: { type: 'auto' },
    parallel: true,
    messages: [],
    promptEnd: 'text',
    language: 'en',
    ...changes,
  };
}

/** The tools of these cases. */
export const toolsOf = (cases: readonly CallCase[]): readonly Tool[] => cases.map(({ tool }) => tool);

/** A turn with these calls, as the format writes it. */
export function renderCases(format: ToolFormat, text: string, cases: readonly CallCase[]): Prompt {
  const calls = cases.map(({ tool, value }, index) => ({
    id: format.modelId?.(`call-${index}`, { name: tool.name, ordinal: index }) ?? `call-${index}`,
    name: tool.name,
    arguments: printExact(value),
  }));
  return generated(format, format.render({ text, calls, tools: cases.map(({ tool }) => tool) }));
}

/** What the model generates of a turn: all but what its template has written already. */
export function generated(format: ToolFormat, turn: Prompt): Prompt {
  const [first, ...rest] = turn;
  const { promptTail = '' } = format;
  if (promptTail === '' || first === undefined || !first.text.startsWith(promptTail)) return turn;
  return [{ ...first, text: first.text.slice(promptTail.length) }, ...rest];
}

/** How an answer is cut into pieces: in one, letter by letter, or at these distances; markers as special tokens or not. */
export interface Chunking {
  readonly sizes: readonly number[];
  readonly special: boolean;
}

/** The chunkings of every property, for formats whose markers count as letters too and for those where they do not. */
export function chunkingsOf(onlySpecial: boolean): fc.Arbitrary<Chunking> {
  const random = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
  return fc.record({
    sizes: fc.oneof(fc.constant([Infinity]), fc.constant([1]), random),
    special: onlySpecial ? fc.constant(true) : fc.boolean(),
  });
}

/** The same call with other strings: what strangers wrote must make no difference to what is trusted. */
export function blunted(value: ExactJson): ExactJson {
  if (typeof value === 'string') return 'x';
  if (Array.isArray(value)) return value.map(blunted);
  return value instanceof Map ? new Map([...value].map(([key, item]) => [key, blunted(item)])) : value;
}

/** What may be a special token: a word in angle or square brackets. */
export const specialSpelling: RegExp = /(\]<\][^<>\s]+\[>\[|<[^<>\s]+>|\[[A-Z_/]+\])/;

/** The answer in pieces. What looks like a special token in trusted segments is one where the chunking says so. */
export function toPieces(answer: Prompt, chunking: Chunking): Piece[] {
  const pieces: Piece[] = [];
  let turn = 0;
  const flush = (text: string): void => {
    for (let at = 0; at < text.length; ) {
      const size = chunking.sizes[turn++ % chunking.sizes.length] ?? 1;
      pieces.push({ text: text.slice(at, at + size), tokens: 1 });
      at += size;
    }
  };
  let letters = '';
  for (const { text, trusted } of answer) {
    // Split by a group: every second part is what the group matched.
    const parts = trusted && chunking.special ? text.split(specialSpelling) : [text];
    for (const [index, part] of parts.entries()) {
      if (index % 2 === 0) {
        letters += part;
        continue;
      }
      flush(letters);
      letters = '';
      pieces.push({ text: '', special: part, tokens: 1 });
    }
  }
  flush(letters);
  return pieces;
}

/** Reads the pieces with a fresh parser; the order of events is checked on the way. */
export function readPieces(
  plan: AnswerPlan,
  pieces: readonly Piece[],
  reason: 'stop' | 'length' = 'stop',
): FoldedChoice {
  let calls = 0;
  const parser = plan.parser(() => `call-${calls++}`);
  const folder = new Folder();
  const add = (events: readonly ParserEvent[]): void => {
    for (const event of events) folder.add({ ...event, choice: 0 });
  };
  folder.add({ type: 'start', id: 'answer', choice: 0 });
  for (const piece of pieces) add(parser.push(piece));
  add(parser.end(reason));
  folder.add({ type: 'finish', reason: 'stop', choice: 0 });
  const [choice] = folder.result().choices;
  if (choice === undefined) throw new RangeError('no choice');
  return choice;
}
