/** Composes the grammar of a whole answer for any format: reasoning, free text, openings, calls, JSON output. */

import type { Prompt } from '../chat/prompt.ts';
import type { OutputSchema } from '../chat/request.ts';
import type { Tool } from '../chat/tool.ts';
import { afterText } from '../grammar/derivative.ts';
import { grammarFromSchema, type SchemaGrammar } from '../grammar/from-schema.ts';
import {
  choice,
  free,
  freeAfterStart,
  type Grammar,
  type GrammarNode,
  type GrammarOpening,
  optional,
  repeat,
  rule,
  sequence,
  set,
  special,
  text,
} from '../grammar/grammar.ts';
import { textUntil } from '../grammar/notation-text.ts';
import type { AnswerPlan, Ask, FormatParser } from './ask.ts';

/** The grammar of a format's calls to the tools of one ask. */
export interface CallGrammar {
  /** Each opening with the rest of its one call. */
  readonly openings: readonly GrammarOpening[];
  /** The first call from its first byte, what opens the block of calls included. */
  readonly call: GrammarNode;
  /** A further call with what stands before it; absent if an answer holds one call only. */
  readonly next?: GrammarNode;
  /** What closes the block. */
  readonly close?: GrammarNode;
  /** The beginning of `next`. */
  readonly separator?: string;
  readonly rules: Readonly<Record<string, GrammarNode>>;
  /** By tool name: keywords that the grammar does not enforce. */
  readonly relaxed: ReadonlyMap<string, readonly string[]>;
}

/** How a format delimits its reasoning. `calls`: does a call inside it end it, or is it text like the rest? */
export interface ReasoningMarks {
  readonly open: string;
  readonly close: string;
  readonly calls?: 'text' | 'end';
}

/** Marks around visible text, for models whose plain answers stand between two; they are not shown. */
export interface ReplyMarks {
  readonly open: string;
  readonly close: string;
}

/** What a format brings to the plan of one answer. */
export interface AnswerParts {
  /** Absent if there are no tools. */
  readonly calls?: CallGrammar;
  readonly reasoning?: ReasoningMarks;
  readonly reply?: ReplyMarks;
  /** May calls stand at the answer's beginning only? */
  readonly isAnchored?: boolean;
  /** What the template has already written of the answer. */
  readonly promptTail?: string;
  readonly prefill?: Prompt;
  readonly stops?: readonly string[];
  readonly ends?: readonly string[];
  parser(newCallId: () => string): FormatParser;
}

/** The tools that this answer may call. */
export function callableTools(ask: Ask): readonly Tool[] {
  const { choice: wanted } = ask;
  if (wanted.type === 'none') return [];
  if (wanted.type === 'tool') return ask.tools.filter((tool) => tool.name === wanted.name);
  const { allowed } = wanted;
  return allowed === undefined ? ask.tools : ask.tools.filter((tool) => allowed.includes(tool.name));
}

/** The tools whose calls the grammar must know: the callable ones, and those whose openings it must forbid. */
export function constrainedTools(ask: Ask): readonly Tool[] {
  return ask.choice.type === 'tool' ? callableTools(ask) : ask.tools;
}

/** The plan of an answer. */
export function planAnswer(ask: Ask, parts: AnswerParts): AnswerPlan {
  const output = ask.output && outputGrammar(ask.output);
  const body = answerBody(ask, parts, output);
  const lazy = ask.choice.type === 'auto' ? (parts.calls?.openings ?? []) : [];
  return {
    prefill: parts.prefill ?? [],
    constraint: {
      ...(body && { grammar: wholeAnswer(ask, parts, body, output) }),
      openings: lazy.map(({ opening }) => opening),
      stops: parts.stops ?? [],
      ends: parts.ends ?? [],
    },
    relaxed: parts.calls?.relaxed ?? new Map(),
    ...(output && { outputRelaxed: output.relaxed }),
    parser: (newCallId) => parts.parser(newCallId),
  };
}

/** A choice of nothing: no text matches it, so an opening that leads here is forbidden. */
const impossible: GrammarNode = choice();
const nothing: GrammarNode = sequence();

/** The answer after its reasoning; undefined if nothing constrains it. */
function answerBody(ask: Ask, parts: AnswerParts, output: SchemaGrammar | undefined): GrammarNode | undefined {
  const { calls } = parts;
  const wanted = ask.choice.type;
  if (calls === undefined) return output?.node;
  if (wanted === 'none')
    return (
      output?.node ??
      freeText(
        parts,
        calls.openings.map(({ opening }) => ({ opening, then: impossible })),
      )
    );
  const after = rule(afterCallRule);
  const atOnce = sequence(calls.call, after);
  if (wanted !== 'auto') return atOnce;
  if (output !== undefined) return choice(atOnce, output.node);
  return freeText(parts, callOpenings(calls));
}

const afterCallRule = 'after-call';

/** Each opening with the rest of the answer. */
function callOpenings(calls: CallGrammar): readonly GrammarOpening[] {
  return calls.openings.map(({ opening, then }) => ({ opening, then: sequence(then, rule(afterCallRule)) }));
}

/** Text with openings in it; marks around it, as special tokens, may come once. */
function freeText({ reply, isAnchored }: AnswerParts, openings: readonly GrammarOpening[]): GrammarNode {
  const plain = isAnchored === true ? freeAfterStart : free;
  if (reply === undefined) return plain(...openings);
  const closed = { opening: { special: reply.close }, then: nothing };
  return plain(...openings, { opening: { special: reply.open }, then: plain(...openings, closed) }, closed);
}

/**
 * What may follow a call: the next one, while several are allowed, and else the end. A model that would rather write
 * a stop text or a separator than end its turn must not be forced into another call by their first bytes.
 */
function afterCall(ask: Ask, calls: CallGrammar, stops: readonly string[]): GrammarNode {
  const { next, close = nothing, separator = '' } = calls;
  if (!ask.parallel || next === undefined) return close;
  const unwanted = isEmpty(close) ? [separator, ...stops].filter((each) => each !== '') : [];
  return sequence(repeat(next, 0), close, optional(choice(...unwanted.map(text))));
}

function isEmpty(node: GrammarNode): boolean {
  return node.kind === 'sequence' && node.items.length === 0;
}

/** The body behind its reasoning, which the model may leave out unless the prompt has opened it. */
function wholeAnswer(ask: Ask, parts: AnswerParts, body: GrammarNode, output: SchemaGrammar | undefined): Grammar {
  const { calls, reasoning, promptTail = '' } = parts;
  const after = calls && { [afterCallRule]: afterCall(ask, calls, parts.stops ?? []) };
  const rules = { ...calls?.rules, ...output?.rules, ...after };
  if (reasoning === undefined) return { root: afterText({ root: body, rules }, promptTail), rules };
  const thought = thoughtBefore(body, reasoning, ask, calls);
  const open = choice(text(reasoning.open), special(reasoning.open));
  const root = ask.promptEnd === 'reasoning' ? thought.node : choice(body, sequence(open, thought.node));
  return { root, rules: { ...rules, ...thought.rules } };
}

const lineBreaks = repeat(set([0x0a, 0x0a]), 0, 4);

interface Thought {
  readonly node: GrammarNode;
  readonly rules: Readonly<Record<string, GrammarNode>>;
}

/** Reasoning, its end, and the body; where calls end it, an opening in it is one. */
function thoughtBefore(
  body: GrammarNode,
  { close, calls: inside }: ReasoningMarks,
  ask: Ask,
  calls: CallGrammar | undefined,
): Thought {
  const closings = [{ text: close }, { special: close }];
  const isEnded = inside === 'end' && calls !== undefined && ask.choice.type !== 'none' && ask.output === undefined;
  const openings = isEnded ? callOpenings(calls) : [];
  // Before free text reasoning need not be closed: nothing is promised that could be missed.
  if (body.kind === 'free') {
    const then = sequence(lineBreaks, body);
    return { node: free(...closings.map((opening) => ({ opening, then })), ...openings), rules: {} };
  }
  const thought = textUntil({ pad: '', mark: close }, 'thought');
  return { node: sequence(thought.node, lineBreaks, body), rules: thought.rules };
}

function outputGrammar(output: OutputSchema): SchemaGrammar {
  if (output.type === 'json_object') return grammarFromSchema({ type: 'object' }, { rulePrefix: 'output-' });
  return grammarFromSchema(output.schema, { rulePrefix: 'output-', path: output.path });
}
