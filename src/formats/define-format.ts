/** Makes a tool format of its data: one syntax tree, read by three interpreters. */

import { joinSegments, type Prompt } from '../chat/prompt.ts';
import { callableTools, constrainedTools, planAnswer } from './answer-plan.ts';
import type { AnswerPlan, Ask, Conditions } from './ask.ts';
import { afterNameOf, blockOf, echoOf, fencesOf, firstMarkers, notationOf, partsOf, writesIds } from './call-block.ts';
import type { CallRules } from './call-reading.ts';
import { carriesName } from './carries-name.ts';
import { constrainCalls } from './constrain.ts';
import type { Detected, ModelFacts, ToolFormat, ToolResult } from './format.ts';
import type { ReasoningMarks, ReplyMarks } from './free-answer.ts';
import { type IdRule, modelId } from './model-id.ts';
import { carries } from './notations/carries.ts';
import { type AnswerRules, createParser } from './parse.ts';
import { renderTurn } from './render.ts';
import { detectSigns, type Signs } from './signs.ts';
import { markersOf, type Syntax } from './syntax.ts';

/** A format as data. */
export interface FormatDefinition {
  readonly name: string;
  readonly kind: ToolFormat['kind'];
  /** The template, specification or thread it was learnt from. */
  readonly source: string;
  /** Models that speak it, for people. */
  readonly models: string;
  readonly detect: Signs | ((facts: ModelFacts) => Detected);
  /** The syntax of a turn's calls; it holds exactly one `many`. */
  readonly calls: Syntax;
  /** May calls stand at the answer's beginning only? For calls that look like any other JSON or code. */
  readonly callsAtStart?: boolean;
  /** What joins the first call to text before it. */
  readonly lead?: string;
  readonly example: string;
  readonly reasoning?: ReasoningMarks;
  /** Marks around visible text, which are not shown. */
  readonly reply?: ReplyMarks;
  /** What the template has already written of the answer when the model begins. */
  readonly promptTail?: string;
  /** The ids that the model's template accepts; absent = any. */
  readonly ids?: IdRule;
  instructions?(conditions: Conditions): Prompt;
  readonly results?: ResultMarks;
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

/** For native formats, whose templates write results themselves. */
const plainResults: ResultMarks = { role: 'tool', open: '', close: '', separator: '\n' };

/** The format of this data. */
export function defineFormat(definition: FormatDefinition): ToolFormat {
  const { name, kind, source, models, example, calls, instructions, ids, detect } = definition;
  const syntax = { calls, lead: definition.lead ?? '' };
  const results = definition.results ?? plainResults;
  const shape = shapeOf(definition);
  const format: Omit<ToolFormat, 'carriesName'> = {
    name,
    kind,
    source,
    models,
    example,
    detect: (facts) => (typeof detect === 'function' ? detect(facts) : detectSigns(detect, facts)),
    ...(instructions && { instructions: (given) => (given.tools.length === 0 ? [] : instructions(given)) }),
    ...(ids && { modelId: (id, place) => modelId(ids, id, place) }),
    ...(definition.promptTail !== undefined && { promptTail: definition.promptTail }),
    beginnings: shape.begins,
    carries: (json, { parameters }) => carries(notationOf(calls), json, parameters),
    render: (turn) => renderTurn(syntax, turn),
    renderResults: (all) => renderResults(results, all),
    resultRole: results.role,
    answer: (ask) => answer({ definition, shape }, ask),
  };
  return { ...format, carriesName: (tool) => carriesName(format, tool) };
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

/** What follows from a format's syntax alone, whatever is asked. */
interface Shape extends Pick<CallRules, 'block' | 'ids' | 'afterName' | 'echo' | 'fences'> {
  readonly begins: readonly string[];
  readonly markers: ReadonlySet<string>;
}

function shapeOf({ calls, lead = '', ids, stops = [] }: FormatDefinition): Shape {
  const block = blockOf(calls);
  const begins = firstMarkers([...block.before, ...partsOf(block.item)]);
  return {
    block,
    begins,
    ids: writesIds(block) ? ids : undefined,
    afterName: afterNameOf(calls),
    echo: echoOf(block),
    // A beginning of one letter says nothing.
    fences: [...fencesOf(block), ...begins.filter(({ length }) => length > 1).map((each) => lead + each), ...stops],
    markers: new Set(markersOf(calls)),
  };
}

interface Format {
  readonly definition: FormatDefinition;
  readonly shape: Shape;
}

function answer(format: Format, ask: Ask): AnswerPlan {
  const { definition } = format;
  const { reasoning, reply, promptTail, callsAtStart: isAnchored = false } = definition;
  const tools = constrainedTools(ask);
  const calls = tools.length === 0 ? undefined : constrainCalls(definition.calls, tools, ask);
  const spelled = (calls?.openings ?? []).flatMap(({ opening }) => ('text' in opening ? [opening.text] : []));
  const rules = answerRules(format, ask, new Set(spelled));
  return planAnswer(ask, {
    ...(calls && { calls }),
    ...(reasoning && { reasoning }),
    ...(reply && { reply }),
    ...(promptTail !== undefined && { promptTail }),
    isAnchored,
    stops: tools.length === 0 ? [] : (definition.stops ?? []),
    ends: definition.ends ?? [],
    parser: (newCallId) => createParser(rules, newCallId),
  });
}

function answerRules({ definition, shape }: Format, ask: Ask, openings: ReadonlySet<string>): AnswerRules {
  const { lead = '', stops = [], reply, promptTail = '' } = definition;
  const { begins, markers, ...ofCalls } = shape;
  const schemas = new Map(callableTools(ask).map((tool) => [tool.name, tool.parameters]));
  const bindsLater = ask.choice.type === 'auto' && ask.output === undefined;
  const callRules: CallRules = {
    ...ofCalls,
    lead,
    schemas,
    isHeld: ask.isUnheld !== true,
    longestName: Math.max(0, ...[...schemas.keys()].map((each) => each.length)),
    openings: bindsLater ? openings : undefined,
  };
  const reasoning = definition.reasoning && readReasoning(definition.reasoning, bindsLater);
  return {
    ...(schemas.size > 0 && { calls: callRules }),
    starts: [...begins, lead].filter((marker) => marker !== '' && schemas.size > 0),
    markers,
    ...(reasoning && { reasoning }),
    ...(reply && { reply }),
    isAnchored: definition.callsAtStart ?? false,
    promptTail,
    stops: ask.tools.length === 0 ? [] : stops,
    beginsInReasoning: ask.promptEnd === 'reasoning',
    parallel: ask.parallel,
    isOutput: ask.output !== undefined,
  };
}

/** Where a grammar binds from the answer's first byte on, it knows no calls inside reasoning. */
function readReasoning(marks: ReasoningMarks, bindsLater: boolean): ReasoningMarks {
  return bindsLater ? marks : { ...marks, calls: 'text' };
}
