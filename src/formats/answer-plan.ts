/** Composes the grammar of a whole answer for any format: reasoning, free text, openings, calls, JSON output. */

import type { Prompt } from '../chat/prompt.ts';
import type { OutputSchema } from '../chat/request.ts';
import type { Tool } from '../chat/tool.ts';
import type { Constraint } from '../grammar/constraint.ts';
import { afterText } from '../grammar/derivative.ts';
import { grammarFromSchema, type SchemaGrammar } from '../grammar/from-schema.ts';
import {
  choice,
  type Grammar,
  type GrammarNode,
  type GrammarOpening,
  optional,
  repeat,
  rule,
  sequence,
  text,
} from '../grammar/grammar.ts';
import { markNode } from '../grammar/notation-mark.ts';
import { textUntil } from '../grammar/notation-text.ts';
import type { AnswerPlan, Ask, FormatParser } from './ask.ts';
import { afterTail, type FreeParts, freeAnswer, lineBreaks, thought } from './free-answer.ts';

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

/** What a format brings to the plan of one answer. */
export interface AnswerParts extends FreeParts {
  /** Absent if there are no tools. */
  readonly calls?: CallGrammar;
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
  const own = answerBody(ask, parts, output);
  const body = own && { ...own, rules: allRules(ask, parts, own) };
  const lazy = ask.choice.type === 'auto' ? (parts.calls?.openings ?? []) : [];
  const { reasoning, stops = [], ends = [] } = parts;
  const open: Constraint = { openings: lazy.map(({ opening }) => opening), stops, ends };
  const held = (grammar: Grammar | undefined): Constraint => ({ ...(grammar && { grammar }), ...open });
  const behind = held(body && { root: behindReasoning(body), rules: body.rules });
  return {
    prefill: parts.prefill ?? [],
    constraint: held(body && wholeAnswer(ask, parts, body)),
    ...(reasoning && { afterReasoning: { close: [{ text: reasoning.close, trusted: true }], constraint: behind } }),
    relaxed: parts.calls?.relaxed ?? new Map(),
    ...(output && { outputRelaxed: output.relaxed }),
    parser: (newCallId) => parts.parser(newCallId),
  };
}

/** A choice of nothing: no text matches it, so an opening that leads here is forbidden. */
const impossible: GrammarNode = choice();
const nothing: GrammarNode = sequence();

/** An answer after its reasoning. */
interface Body {
  readonly node: GrammarNode;
  readonly rules: Grammar['rules'];
  /** Is it free text, of which nothing is promised? */
  readonly isFree: boolean;
}

/** The answer after its reasoning; undefined if nothing constrains it. */
function answerBody(ask: Ask, parts: AnswerParts, output: SchemaGrammar | undefined): Body | undefined {
  const { calls } = parts;
  const wanted = ask.choice.type;
  const outputBody = output && { node: framedOutput(output, parts), rules: output.rules, isFree: false };
  if (calls === undefined) return outputBody;
  if (wanted === 'none') {
    const forbidden = calls.openings.map(({ opening }) => ({ opening, then: impossible }));
    return outputBody ?? { ...freeAnswer(parts, forbidden), isFree: true };
  }
  const atOnce = sequence(calls.call, rule(afterCallRule));
  if (wanted !== 'auto') return { node: atOnce, rules: {}, isFree: false };
  if (outputBody !== undefined) return { ...outputBody, node: choice(atOnce, outputBody.node) };
  return { ...freeAnswer(parts, callOpenings(calls)), isFree: true };
}

/** JSON output alone, or where the model's plain answers stand. */
function framedOutput({ node }: SchemaGrammar, { reply }: AnswerParts): GrammarNode {
  if (reply === undefined) return node;
  return choice(node, sequence(markNode(reply.open), node, optional(markNode(reply.close))));
}

const afterCallRule = 'after-call';

/** Each opening with the rest of the answer. */
function callOpenings(calls: CallGrammar): readonly GrammarOpening[] {
  return calls.openings.map(({ opening, then }) => ({ opening, then: sequence(then, rule(afterCallRule)) }));
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

/** What the body names, calls included. */
function allRules(ask: Ask, { calls, stops = [] }: AnswerParts, body: Body): Grammar['rules'] {
  const after = calls && { [afterCallRule]: afterCall(ask, calls, stops) };
  return { ...calls?.rules, ...body.rules, ...after };
}

function behindReasoning(body: Body): GrammarNode {
  return sequence(lineBreaks, body.node);
}

/** The body behind its reasoning, which the model may leave out unless the prompt has opened it. */
function wholeAnswer(ask: Ask, parts: AnswerParts, body: Body): Grammar {
  const { calls, reasoning, promptTail = '' } = parts;
  const { rules } = body;
  const start = afterTail({ root: body.node, rules }, promptTail);
  if (reasoning === undefined) return { root: start, rules };
  const behind = behindReasoning(body);
  const endings = calls === undefined || ask.choice.type !== 'auto' ? [] : callOpenings(calls);
  const closed = textUntil({ pad: '', mark: reasoning.close }, 'thought');
  const thinking = body.isFree ? thought(reasoning, behind, endings) : sequence(closed.node, behind);
  const all = body.isFree ? rules : { ...rules, ...closed.rules };
  if (ask.promptEnd === 'reasoning') return { root: thinking, rules: all };
  const opened = afterText({ root: sequence(markNode(reasoning.open), thinking), rules: all }, promptTail);
  return { root: choice(start, opened), rules: all };
}

function outputGrammar(output: OutputSchema): SchemaGrammar {
  if (output.type === 'json_object') return grammarFromSchema({ type: 'object' }, { rulePrefix: 'output-' });
  return grammarFromSchema(output.schema, { rulePrefix: 'output-', path: output.path });
}
