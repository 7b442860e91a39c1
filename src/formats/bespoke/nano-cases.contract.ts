/** Tools, asks and answers for the tests of the nano format. */

import type { ParserEvent } from '../../chat/event.ts';
import type { Message } from '../../chat/message.ts';
import type { Piece } from '../../chat/piece.ts';
import type { Prompt } from '../../chat/prompt.ts';
import type { JsonSchema, Tool } from '../../chat/tool.ts';
import { compileGrammar } from '../../grammar/automaton.ts';
import type { AnswerPlan, Ask } from '../ask.ts';
import { nano } from './nano.ts';

/** A tool with these properties. */
export const tool = (name: string, properties: Record<string, JsonSchema>, required: readonly string[] = []): Tool => ({
  name,
  description: `Does ${name}`,
  parameters: { type: 'object', properties, required },
  path: 'tools[0].function.parameters',
});
/** A message of the user. */
export const user = (content: string): Message => ({ role: 'user', content, path: 'messages[0]' });
/** An ask with these tools, `auto` and parallel unless said otherwise. */
export const ask = (tools: readonly Tool[], more: Partial<Ask> = {}): Ask => ({
  tools,
  choice: { type: 'auto' },
  parallel: true,
  messages: [user('What is the weather in Boston?')],
  promptEnd: 'text',
  language: 'en',
  ...more,
});

/** Letters and control tokens, as an engine would hand them out. */
export type Unit = { readonly text: string } | { readonly special: string };
const tokenPattern = /(<\|[a-z0-9]+\|>)/;
/** A rendered text as letters and tokens. */
export const units = (prompt: Prompt): Unit[] =>
  prompt.flatMap(({ text, trusted }) =>
    (trusted ? text.split(tokenPattern) : [text])
      .filter((part) => part !== '')
      .map((part) => (trusted && tokenPattern.test(part) ? { special: part } : { text: part })),
  );
/** A text in which control tokens are spelled. */
export const written = (text: string): Unit[] => units([{ text, trusted: true }]);

/** Cuts letters into chunks of the given sizes, over and over. */
export function toPieces(all: readonly Unit[], sizes: readonly number[]): Piece[] {
  const pieces: Piece[] = [];
  let turn = 0;
  for (const unit of all) {
    if ('special' in unit) {
      pieces.push({ text: '', special: unit.special, tokens: 1 });
      continue;
    }
    const characters = [...unit.text];
    while (characters.length > 0) {
      const size = sizes[turn++ % sizes.length] ?? 1;
      pieces.push({ text: characters.splice(0, size).join(''), tokens: 1 });
    }
  }
  return pieces;
}

/** What came of reading an answer. */
export interface Read {
  readonly text: string;
  readonly calls: { name: string; json: string; outcome: string }[];
  readonly events: readonly ParserEvent[];
}

/** Reads pieces with a fresh parser. */
export function read(plan: AnswerPlan, pieces: readonly Piece[], end: 'stop' | 'length' = 'stop'): Read {
  let ids = 0;
  const parser = plan.parser(() => `call_${ids++}`);
  const events = [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end(end)];
  const result = { text: '', calls: [] as Read['calls'], events };
  for (const event of events) {
    const last = result.calls.at(-1);
    if (event.type === 'text-delta') result.text += event.text;
    if (event.type === 'call-start') result.calls.push({ name: event.name, json: '', outcome: 'open' });
    if (event.type === 'call-delta' && last) last.json += event.json;
    if (event.type === 'call-end' && last) last.outcome = event.outcome;
  }
  return result;
}

/** The calls with their arguments as values. */
export const plainCalls = (result: Read): unknown[] =>
  result.calls.map(({ name, json, outcome }) => ({ name, arguments: JSON.parse(json), outcome }));

/** Does the plan take this as a whole answer? */
export function accepts(plan: AnswerPlan, all: readonly Unit[]): boolean {
  const { grammar } = plan.constraint;
  if (grammar === undefined) return true;
  const cursor = compileGrammar(grammar).start();
  const taken = all.every((unit) =>
    'special' in unit ? cursor.acceptSpecial(unit.special) : cursor.accept(new TextEncoder().encode(unit.text)),
  );
  return taken && cursor.mayEnd();
}

/** A turn with these calls, as the format writes it. */
export const render = (tools: readonly Tool[], calls: ReadonlyArray<readonly [string, unknown]>, text = ''): Prompt =>
  nano.render({
    text,
    tools,
    calls: calls.map(([name, value], index) => ({ id: `${index}`, name, arguments: JSON.stringify(value) })),
  });

/** The tool of FORMAT.md. */
export const weather = tool(
  'get_weather',
  { city: { type: 'string', description: 'The city, e.g. Paris' }, unit: { enum: ['celsius', 'fahrenheit'] } },
  ['city'],
);
