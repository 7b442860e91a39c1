/** Composes the grammar of a whole answer for any format: reasoning, free text, openings, calls, JSON output. */

import type { Prompt } from '../chat/prompt.ts';
import type { OutputSchema } from '../chat/request.ts';
import type { Tool } from '../chat/tool.ts';
import { grammarFromSchema, type SchemaGrammar } from '../grammar/from-schema.ts';
import {
  choice,
  free,
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
import type { AnswerPlan, Ask, FormatParser } from './ask.ts';
import { untilMarker } from './until-marker.ts';

/** The grammar of a format's calls to the tools of one ask. */
export interface CallGrammar {
  /** Each opening with the rest of its one call. */
  readonly openings: readonly GrammarOpening[];
  /** One call from its first byte. */
  readonly call: GrammarNode;
  /** What stands between two calls; absent if an answer holds one call only. */
  readonly separator?: string;
  readonly rules: Readonly<Record<string, GrammarNode>>;
  /** By tool name: keywords that the grammar does not enforce. */
  readonly relaxed: ReadonlyMap<string, readonly string[]>;
}

/** How a format delimits its reasoning. */
export interface ReasoningMarks {
  readonly open: string;
  readonly close: string;
}

/** What a format brings to the plan of one answer. */
export interface AnswerParts {
  /** Absent if there are no tools. */
  readonly calls?: CallGrammar;
  readonly reasoning?: ReasoningMarks;
  readonly prefill?: Prompt;
  readonly stops?: readonly string[];
  readonly ends?: readonly string[];
  parser(newCallId: () => string): FormatParser;
}

/** The tools that this answer may call. */
export function callableTools(ask: Ask): readonly Tool[] {
  const { choice: wanted } = ask;
  if (wanted.type === 'none') return [];
  return wanted.type === 'tool' ? ask.tools.filter((tool) => tool.name === wanted.name) : ask.tools;
}

/** The tools whose calls the grammar must know: the callable ones; under `none` all, to forbid their openings. */
export function constrainedTools(ask: Ask): readonly Tool[] {
  return ask.choice.type === 'none' ? ask.tools : callableTools(ask);
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
    return output?.node ?? free(...calls.openings.map(({ opening }) => ({ opening, then: impossible })));
  const after = rule(afterCallRule);
  const atOnce = sequence(calls.call, after);
  if (wanted !== 'auto') return atOnce;
  if (output !== undefined) return choice(atOnce, output.node);
  return free(...calls.openings.map(({ opening, then }) => ({ opening, then: sequence(then, after) })));
}

const afterCallRule = 'after-call';

/**
 * What may follow a call: the next one, while several are allowed, and else the end. A model that would rather write
 * a stop text or a separator than end its turn must not be forced into another call by their first bytes.
 */
function afterCall(ask: Ask, calls: CallGrammar, stops: readonly string[]): GrammarNode {
  const { separator } = calls;
  if (!ask.parallel || separator === undefined) return nothing;
  const next = sequence(text(separator), calls.call);
  return sequence(repeat(next, 0), optional(choice(text(separator), ...stops.map(text))));
}

/** The body behind its reasoning, which the model may leave out unless the prompt has opened it. */
function wholeAnswer(ask: Ask, parts: AnswerParts, body: GrammarNode, output: SchemaGrammar | undefined): Grammar {
  const { calls, reasoning } = parts;
  const after = calls && { [afterCallRule]: afterCall(ask, calls, parts.stops ?? []) };
  const rules = { ...calls?.rules, ...output?.rules, ...after };
  if (reasoning === undefined) return { root: body, rules };
  const thought = body.kind === 'free' ? openThought(reasoning) : untilMarker(reasoning.close, 'thought');
  const thinking = sequence(thought.node, lineBreaks, body);
  const open = choice(text(reasoning.open), special(reasoning.open));
  const root = ask.promptEnd === 'reasoning' ? thinking : choice(body, sequence(open, thinking));
  return { root, rules: { ...rules, ...thought.rules } };
}

const lineBreaks = repeat(set([0x0a, 0x0a]), 0, 4);

/** Before free text reasoning need not be closed: nothing is promised that could be missed. */
function openThought({ close }: ReasoningMarks): ReturnType<typeof untilMarker> {
  const openings = [{ text: close }, { special: close }];
  return { node: free(...openings.map((opening) => ({ opening, then: nothing }))), rules: {} };
}

function outputGrammar(output: OutputSchema): SchemaGrammar {
  if (output.type === 'json_object') return grammarFromSchema({ type: 'object' }, { rulePrefix: 'output-' });
  return grammarFromSchema(output.schema, { rulePrefix: 'output-', path: output.path });
}
