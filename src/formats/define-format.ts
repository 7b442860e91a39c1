/** Makes a tool format of its data: one syntax tree, read by three interpreters. */

import { joinSegments, type Prompt } from '../chat/prompt.ts';
import { callableTools, constrainedTools, planAnswer, type ReasoningMarks } from './answer-plan.ts';
import type { AnswerPlan, Ask, Conditions } from './ask.ts';
import type { CallRules } from './call-reading.ts';
import { constrainCalls } from './constrain.ts';
import type { ModelFacts, ToolFormat, ToolResult } from './format.ts';
import { type AnswerRules, createParser } from './parse.ts';
import { renderTurn } from './render.ts';
import { markersOf, type Syntax, type SyntaxOf } from './syntax.ts';

/** A format as data. */
export interface FormatDefinition {
  readonly name: string;
  readonly kind: ToolFormat['kind'];
  /** The template, specification or thread it was learnt from. */
  readonly source: string;
  detect(facts: ModelFacts): number;
  readonly calls: SyntaxOf<'many'>;
  /** What joins the first call to text before it. */
  readonly lead?: string;
  readonly example: string;
  readonly reasoning?: ReasoningMarks;
  instructions?(conditions: Conditions): Prompt;
  readonly results: ResultMarks;
  /** Texts that end the answer. */
  readonly stops?: readonly string[];
  /** Special tokens that end the turn. */
  readonly ends?: readonly string[];
}

/** How results are written: each between two markers, joined, in one message of this role. */
export interface ResultMarks {
  readonly role: ToolFormat['resultRole'];
  readonly open: string;
  readonly close: string;
  readonly separator: string;
}

/** The format of this data. */
export function defineFormat(definition: FormatDefinition): ToolFormat {
  const { name, kind, source, example, calls, instructions } = definition;
  const syntax = { calls, lead: definition.lead ?? '' };
  return {
    name,
    kind,
    source,
    example,
    detect: (facts) => definition.detect(facts),
    ...(instructions && { instructions: (given) => (given.tools.length === 0 ? [] : instructions(given)) }),
    render: (turn) => renderTurn(syntax, turn),
    renderResults: (results) => renderResults(definition.results, results),
    resultRole: definition.results.role,
    answer: (ask) => answer(definition, ask),
  };
}

function renderResults(marks: ResultMarks, results: readonly ToolResult[]): Prompt {
  return joinSegments(
    results.flatMap((result, index) => [
      { text: (index === 0 ? '' : marks.separator) + marks.open, trusted: true },
      { text: result.content, trusted: false },
      { text: marks.close, trusted: true },
    ]),
  );
}

function answer(definition: FormatDefinition, ask: Ask): AnswerPlan {
  const tools = constrainedTools(ask);
  const calls = tools.length === 0 ? undefined : constrainCalls(definition.calls, tools, ask);
  const spelled = (calls?.openings ?? []).flatMap(({ opening }) => ('text' in opening ? [opening.text] : []));
  const rules = answerRules(definition, ask, new Set(spelled));
  return planAnswer(ask, {
    ...(calls && { calls }),
    ...(definition.reasoning && { reasoning: definition.reasoning }),
    stops: tools.length === 0 ? [] : (definition.stops ?? []),
    ends: definition.ends ?? [],
    parser: (newCallId) => createParser(rules, newCallId),
  });
}

function answerRules(definition: FormatDefinition, ask: Ask, openings: ReadonlySet<string>): AnswerRules {
  const { calls, reasoning, lead = '', stops = [] } = definition;
  const names = callableTools(ask).map((tool) => tool.name);
  const begins = firstMarkers(calls.item);
  const bindsLater = ask.choice.type === 'auto' && ask.output === undefined;
  const fences = [...fencesAfterArguments(calls.item), ...begins.map((marker) => lead + marker), ...stops];
  const callRules: CallRules = {
    item: calls.item,
    lead,
    names: new Set(names),
    longestName: Math.max(0, ...names.map((each) => each.length)),
    openings: bindsLater ? openings : undefined,
    fences,
  };
  return {
    ...(names.length > 0 && { calls: callRules }),
    starts: [...begins, lead].filter((marker) => marker !== '' && names.length > 0),
    markers: new Set(markersOf(calls)),
    ...(reasoning && { reasoning }),
    stops: ask.tools.length === 0 ? [] : stops,
    beginsInReasoning: ask.promptEnd === 'reasoning',
    parallel: ask.parallel,
    isOutput: ask.output !== undefined,
  };
}

/** The markers with which a call may begin. */
function firstMarkers(item: Syntax): readonly string[] {
  return markersOf(item.kind === 'seq' && item.items[0] !== undefined ? item.items[0] : item);
}

/** What ends a call after its arguments: the markers that follow, or a blank line where the syntax has none. */
function fencesAfterArguments(item: Syntax): readonly string[] {
  if (item.kind !== 'seq') return ['\n\n'];
  const at = item.items.findIndex((each) => each.kind === 'jsonArgs' || each.kind === 'jsonCall');
  const markers = item.items.slice(at + 1).flatMap((each) => (each.kind === 'optional' ? [] : markersOf(each)));
  return markers.length === 0 ? ['\n\n'] : markers;
}
