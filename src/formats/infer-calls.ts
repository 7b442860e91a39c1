/** Derives the syntax of a turn's calls from samples of what a template writes. */

import type { ExactJson } from '../base/json.ts';
import { type ArgumentSamples, type InferredNotation, inferNotation } from './infer-arguments.ts';
import { type Core, findCore, type Span } from './infer-core.ts';
import { type Samples, sampleCalls, word } from './infer-samples.ts';
import { commonEnd, commonStart, firstUnit, toNodes } from './infer-text.ts';
import {
  again,
  args,
  type FixedMember,
  id,
  jsonCall,
  keyCall,
  many,
  name,
  nameBefore,
  ordinal,
  type Syntax,
  seq,
} from './syntax.ts';

/** The calls of a turn, and what of the first one the template has written already. */
export interface InferredCalls {
  readonly calls: Syntax;
  readonly promptTail: string;
}

/** Calls as a syntax tree; a sentence that says why not, if the samples are of no shape we know. */
export function inferCalls(samples: Samples): InferredCalls | string {
  const { one } = samples;
  const [first, second] = sampleCalls('two', samples.ids);
  if (first === undefined || second === undefined) return 'there are no samples';
  const core = findCore(one, first);
  if (core === undefined) return 'the call is printed in a shape that is not known';
  const notation = core.kind === 'named' && core.notation === 'other' ? notationOf(samples, core) : undefined;
  if (core.kind === 'named' && core.notation === 'other' && notation === undefined)
    return 'the arguments are printed in a notation that is not known';
  const whole = spanOf(core, notation);
  const two = samples.turns.get('two') ?? '';
  const next = nextCore(two, [first, second], notation);
  const surroundings = withPromptTail(samples, {
    before: nameless(one.slice(0, whole.start)),
    after: one.slice(whole.end),
    joint: next && nameless(two.slice(next.firstEnd, next.second.span.start)),
    turnEnd: samples.turnEnd,
    promptTail: '',
  });
  const parts = divide(surroundings);
  const own = callNodes(core, { one, two, notation, second: next?.second, ids: samples.ids });
  if (typeof own === 'string') return own;
  const item = seq(...withNames(parts.opens), ...own, ...toNodes(parts.closes));
  const isBare = core.kind === 'jsonCall' && parts.opens === '' && parts.before === '' && next === undefined;
  const list = many(item, isBare ? '; ' : parts.separator);
  const calls = seq(...toNodes(parts.before), list, ...toNodes(parts.after));
  return { calls, promptTail: surroundings.promptTail };
}

/** Stands for the tool's name where it is said besides the call itself, so that calls of two tools compare. */
const nameMark = '\u0001';

function nameless(shown: string): string {
  return shown.replaceAll(word.tool, nameMark).replaceAll(word.otherTool, nameMark);
}

/** What stands before the call's own part, in which the name may be said; a name said once more is said `again`. */
function withNames(shown: string, isSaid = false): readonly Syntax[] {
  const [before = '', ...others] = shown.split(nameMark);
  return [
    ...toNodes(before),
    ...others.flatMap((rest, index) => {
      const end = firstUnit(rest);
      return [isSaid || index > 0 ? again(end) : name(end), ...toNodes(rest.slice(end.length))];
    }),
  ];
}

/** A first call without an opening has its opening at the prompt's end, if all others have the same. */
function withPromptTail({ prompt }: Samples, given: Surroundings): Surroundings {
  const { before, after, joint, turnEnd } = given;
  if (joint === undefined || !(before === '' || before.startsWith(nameMark))) return given;
  const [head = ''] = joint.split(nameMark);
  const end = turnEnd.trim();
  const shared = commonEnd(prompt, head).trimStart();
  const promptTail = end !== '' && shared.startsWith(end) ? shared.slice(end.length).trimStart() : shared;
  if (promptTail === '') return given;
  const isTurnEnd = end !== '' && joint.includes(end);
  return {
    before: promptTail + before,
    after: isTurnEnd ? after + turnEnd : after,
    joint,
    turnEnd: isTurnEnd ? '' : turnEnd,
    promptTail,
  };
}

/** The core with the marks of its arguments. */
function spanOf(core: Core, notation: InferredNotation | undefined): Span {
  return { start: core.span.start, end: core.span.end + (notation?.after.length ?? 0) };
}

function notationOf(samples: Samples, core: Core): InferredNotation | undefined {
  if (core.kind !== 'named') return undefined;
  const turn = (sample: keyof ArgumentSamples & ('pair' | 'integer' | 'list' | 'escaped')): string =>
    samples.turns.get(sample) ?? '';
  return inferNotation({
    one: samples.one,
    pair: turn('pair'),
    integer: turn('integer'),
    list: turn('list'),
    escaped: turn('escaped'),
    nameEnd: core.name.end,
  });
}

interface Next {
  readonly firstEnd: number;
  readonly second: Core;
}

/** The second call of a turn of two, and where the first one ends; undefined if the template prints only one. */
function nextCore(
  two: string,
  [first, second]: readonly [Parameters<typeof findCore>[1], Parameters<typeof findCore>[1]],
  notation: InferredNotation | undefined,
): Next | undefined {
  const core = findCore(two, first);
  const firstEnd = core && spanOf(core, notation).end;
  const found = firstEnd === undefined ? undefined : findCore(two, second, firstEnd);
  return firstEnd === undefined || found === undefined ? undefined : { firstEnd, second: found };
}

interface Surroundings {
  readonly before: string;
  readonly after: string;
  /** Between two calls of a turn; undefined if there are never two. */
  readonly joint: string | undefined;
  readonly turnEnd: string;
  readonly promptTail: string;
}

interface Division {
  readonly before: string;
  readonly opens: string;
  readonly closes: string;
  readonly separator: string;
  readonly after: string;
}

/** What belongs to each call is what stands between two of them too; the rest opens and closes the block. */
function divide({ before, after, joint, turnEnd }: Surroundings): Division {
  const end = turnEnd.trim();
  if (joint === undefined || (end !== '' && joint.includes(end)))
    return { before: '', opens: before, closes: after, separator: '', after: '' };
  const closes = commonStart(after, joint).trimEnd();
  const opens = commonEnd(before, joint.slice(closes.length)).trimStart();
  return {
    before: before.slice(0, before.length - opens.length),
    opens,
    closes,
    separator: joint.slice(closes.length, joint.length - opens.length),
    after: after.slice(closes.length),
  };
}

interface CoreContext {
  readonly one: string;
  readonly two: string;
  readonly notation: InferredNotation | undefined;
  readonly second: Core | undefined;
  readonly ids: Samples['ids'];
}

function callNodes(core: Core, context: CoreContext): readonly Syntax[] | string {
  const { one } = context;
  const spelled = one.slice(core.span.start, core.span.end);
  const spacing = /^\{\s*"[^"]*":"/.test(spelled) || /^\{\s*"[^"]*":\{/.test(spelled) ? 'compact' : 'spaced';
  if (core.kind === 'keyCall') return [keyCall(spacing)];
  if (core.kind === 'named') return namedNodes(core, context);
  const entries = [...core.object];
  const nameAt = entries.findIndex(([, value]) => value === word.tool);
  const argumentsAt = entries.findIndex(([, value]) => value instanceof Map || isObjectText(value));
  const fixed = fixedMembers(entries.slice(0, nameAt), context.second);
  const [nameKey = 'name'] = entries[nameAt] ?? [];
  const [argumentsKey = 'arguments'] = entries[argumentsAt] ?? [];
  const aliases = ['arguments', 'parameters'].filter((key) => key !== argumentsKey);
  return [jsonCall({ fixed, nameKey, argumentsKey, argumentsAliases: aliases, spacing })];
}

function isObjectText(value: ExactJson): boolean {
  return typeof value === 'string' && value.trimStart().startsWith('{');
}

/** Members before the name, the arguments aside: the same in every call, or the call's number. */
function fixedMembers(entries: ReadonlyArray<[string, ExactJson]>, second: Core | undefined): FixedMember[] {
  const others = second !== undefined && second.kind !== 'named' ? second.object : undefined;
  return entries.flatMap(([key, value]): FixedMember[] => {
    if (typeof value !== 'string' || isObjectText(value) || value.startsWith(word.id)) return [];
    const other = others?.get(key);
    const from = Number(value);
    if (/^[01]$/.test(value) && (other === undefined || other === String(from + 1)))
      return [{ key, ordinalFrom: from }];
    return [{ key, value }];
  });
}

/** The name, what stands between it and the arguments, and they. */
function namedNodes(
  core: Core & { kind: 'named' },
  { one, two, notation, second, ids }: CoreContext,
): readonly Syntax[] | string {
  const shown = one.slice(core.name.end, core.args.start);
  const delimiter = notation === undefined ? shown : shown.slice(0, shown.length - notation.before.length);
  const values = args(
    notation?.notation ?? { kind: 'json', spacing: isCompact(one, core.args) ? 'compact' : 'spaced' },
  );
  if (delimiter === '') return [nameBefore((notation?.before ?? '{').charAt(0)), values];
  const [given] = sampleCalls('one', ids);
  const at = delimiter.indexOf(given?.id ?? '');
  if (given !== undefined && at !== -1) {
    const rest = delimiter.slice(at + given.id.length);
    if (at === 0 || rest === '') return 'the id stands directly beside the name or the arguments';
    return [name(delimiter.slice(0, at)), id(firstUnit(rest)), ...toNodes(rest.slice(firstUnit(rest).length)), values];
  }
  const otherDelimiter = second?.kind === 'named' ? two.slice(second.name.end, second.args.start) : '';
  const [, sign = '', , rest = ''] = /^(\D+)(0)(\D+)$/.exec(delimiter) ?? [];
  if (sign !== '' && (ids === 'function' || otherDelimiter.startsWith(`${sign}1${rest}`)))
    return [name(sign), ordinal(firstUnit(rest)), ...toNodes(rest.slice(firstUnit(rest).length)), values];
  const end = firstUnit(delimiter);
  return [name(end), ...withNames(nameless(delimiter.slice(end.length)), true), values];
}

function isCompact(one: string, span: Span): boolean {
  return /^\{\s*"[^"]*":\S/.test(one.slice(span.start, span.end));
}
