/** A format's quick self-check: what it writes it must read back, before anyone serves with it. */

import { Bug } from '../base/errors.ts';
import { parseExact, printExact } from '../base/json.ts';
import { type FoldedChoice, Folder } from '../chat/fold.ts';
import type { ToolCall } from '../chat/message.ts';
import type { Piece } from '../chat/piece.ts';
import { promptText } from '../chat/prompt.ts';
import type { Tool } from '../chat/tool.ts';
import { compileGrammar } from '../grammar/automaton.ts';
import type { AnswerPlan, Ask } from './ask.ts';
import type { ToolFormat } from './format.ts';

/** The tool of every format's example. */
export const exampleTool: Tool = {
  name: 'get_weather',
  description: 'Current weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  path: 'tools[0]',
};

/** The call of every format's example. */
export const exampleCall: ToolCall = { id: 'call-0', name: 'get_weather', arguments: '{"city":"Oslo"}' };

/** A second tool, with a value of each type. */
const typedTool: Tool = {
  name: 'book_table',
  description: 'Books a table',
  parameters: {
    type: 'object',
    properties: {
      place: { type: 'string' },
      guests: { type: 'integer' },
      outside: { type: 'boolean' },
      dishes: { type: 'array', items: { type: 'string' } },
      host: { type: 'object', properties: { name: { type: 'string' } } },
    },
  },
  path: 'tools[1]',
};
const typedCall: ToolCall = {
  id: 'call-1',
  name: 'book_table',
  arguments: '{"place":"Bar 7 <b>","guests":2,"outside":true,"dishes":["a","b"],"host":{"name":"Ada"}}',
};

/**
 * What is wrong with a format whose markers count as letters, one sentence each; nothing if it reads and constrains
 * what it writes.
 */
export function checkFormat(format: ToolFormat): readonly string[] {
  const written = writtenCalls(format, [exampleCall]);
  const problems: string[] = [];
  if (written.whole !== format.example)
    problems.push(`example: the syntax writes ${JSON.stringify(written.whole)}, the example is not the same`);
  const sets = [[exampleCall], [typedCall], [exampleCall, typedCall]];
  for (const calls of sets) {
    const { generated } = writtenCalls(format, calls);
    for (const size of [Infinity, 1]) problems.push(...readingProblems(format, { calls, generated, size }));
    // Grammars hold ids to what models write: nine letters and digits in every format that has them.
    const legal = calls.map((call, index) => ({ ...call, id: `call0000${index}` }));
    problems.push(...grammarProblems(format, writtenCalls(format, legal).generated));
  }
  return [...new Set(problems)];
}

/** How an ask with these tools and no other wishes looks. */
export function plainAsk(tools: readonly Tool[]): Ask {
  return { tools, choice: { type: 'auto' }, parallel: true, messages: [], promptEnd: 'text', language: 'en' };
}

/** An answer's pieces read to the end. */
export function readAnswer(plan: AnswerPlan, pieces: readonly Piece[]): FoldedChoice {
  let calls = 0;
  const parser = plan.parser(() => `call-${calls++}`);
  const folder = new Folder();
  folder.add({ type: 'start', id: 'answer', choice: 0 });
  for (const piece of pieces) for (const event of parser.push(piece)) folder.add({ ...event, choice: 0 });
  for (const event of parser.end('stop')) folder.add({ ...event, choice: 0 });
  folder.add({ type: 'finish', reason: 'stop', choice: 0 });
  const [choice] = folder.result().choices;
  if (choice === undefined) throw new Bug('an answer without a choice');
  return choice;
}

/** A call as text that is equal for equal calls. */
export function callText(call: Pick<ToolCall, 'name' | 'arguments'>): string {
  try {
    return `${call.name}(${printExact(parseExact(call.arguments))})`;
  } catch {
    return `${call.name}(${call.arguments})`;
  }
}

/** A turn of calls, and what of it the model generates itself. */
function writtenCalls(format: ToolFormat, calls: readonly ToolCall[]): { whole: string; generated: string } {
  const whole = promptText(format.render({ text: '', calls, tools: [exampleTool, typedTool] }));
  const { promptTail = '' } = format;
  return { whole, generated: whole.startsWith(promptTail) ? whole.slice(promptTail.length) : whole };
}

interface Reading {
  readonly calls: readonly ToolCall[];
  readonly generated: string;
  /** Letters in a piece. */
  readonly size: number;
}

function readingProblems(format: ToolFormat, { calls, generated, size }: Reading): string[] {
  const pieces = inPieces(generated, size);
  const read = readAnswer(format.answer(plainAsk([exampleTool, typedTool])), pieces);
  const expected = calls.map(callText).join(', ');
  const got = read.calls.map((call) => callText(call) + (call.outcome === 'ok' ? '' : ` (${call.outcome})`)).join(', ');
  const problems: string[] = [];
  if (got !== expected)
    problems.push(`reading ${JSON.stringify(generated)} gives ${got === '' ? 'no call' : got} instead of ${expected}`);
  else if (read.text !== '') problems.push(`reading ${JSON.stringify(generated)} leaves ${JSON.stringify(read.text)}`);
  return problems;
}

function inPieces(text: string, size: number): Piece[] {
  if (size >= text.length) return [{ text, tokens: 1 }];
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) => ({
    text: text.slice(index * size, (index + 1) * size),
    tokens: 1,
  }));
}

function grammarProblems(format: ToolFormat, generated: string): string[] {
  const plan = format.answer({ ...plainAsk([exampleTool, typedTool]), choice: { type: 'required' } });
  if (plan.constraint.grammar === undefined) return [];
  const cursor = compileGrammar(plan.constraint.grammar).start();
  const isAccepted = cursor.accept(new TextEncoder().encode(generated)) && cursor.mayEnd();
  return isAccepted ? [] : [`its grammar does not accept ${JSON.stringify(generated)}`];
}
