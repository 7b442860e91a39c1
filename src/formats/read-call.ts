/** Reads one call by a format's syntax. */

import { parseExact } from '../base/json.ts';
import type { AnswerSource, Waiting } from './answer-source.ts';
import { CallReading, type CallRules, type CallTrial, maxTrialBlanks } from './call-reading.ts';
import type { EventSink } from './event-sink.ts';
import { readJson } from './read-json.ts';
import { readLastMarker, readMarker, skipBlanks } from './read-marker.ts';
import { type Interpreter, interpret, type SyntaxOf } from './syntax.ts';

/** Letters around a name that models add: quotes, backticks, bold. */
const maxNameDecoration = 8;

/** Reads a call at this place, and before it what joins it to text (its lead) or to another call (any blanks). */
export function readCall(
  source: AnswerSource,
  sink: EventSink,
  rules: CallRules & { readonly follows: 'text' | 'call' },
): Waiting<CallTrial> {
  const reading = new CallReading(source, sink, rules);
  return reading.trial(rules.follows, () => interpret(reader, rules.item, reading));
}

const reader: Interpreter<CallReading, Waiting<boolean>> = {
  text: (node, reading) => (reading.isOpen ? readLastMarker : readMarker)(reading.source, [node.text, ...node.also]),
  *gap(_node, reading) {
    yield* skipBlanks(reading.source, reading.isOpen ? Infinity : maxTrialBlanks);
    return true;
  },
  name: readName,
  jsonArgs: (_node, reading) => reading.arguments(),
  jsonCall: readJsonCall,
  seq: readSequence,
  many: (node, reading) => interpret(reader, node.item, reading),
  *optional(node, reading) {
    reading.source.mark();
    if (yield* interpret(reader, node.item, reading)) reading.source.commit();
    else reading.source.rewind();
    return true;
  },
};

/** After the opening a missing part of the call itself is forgiven; blanks before it are then not the call's either. */
function* readSequence(node: SyntaxOf<'seq'>, reading: CallReading): Waiting<boolean> {
  const { source } = reading;
  let isGapOpen = false;
  for (const item of node.items) {
    if (isGapOpen && item.kind !== 'text' && item.kind !== 'gap') {
      source.commit();
      isGapOpen = false;
    }
    if (!isGapOpen && item.kind === 'gap' && reading.isOpen) {
      source.mark();
      isGapOpen = true;
    }
    const isRead = yield* interpret(reader, item, reading);
    if (isGapOpen && item.kind !== 'gap') {
      if (isRead) source.commit();
      else source.rewind();
      isGapOpen = false;
    }
    const isForgiven = reading.isOpen && node === reading.rules.item;
    if (!isRead && !isForgiven) return false;
  }
  if (isGapOpen) source.commit();
  return true;
}

/** A bare name up to its delimiter; the answer's end is one too, unless the token limit brought it. */
function* readName(node: SyntaxOf<'name'>, reading: CallReading): Waiting<boolean> {
  const { source, rules } = reading;
  const ends = node.end === '\n' ? ['\n', '\r\n'] : [node.end];
  let name = '';
  while (name.length <= rules.longestName + maxNameDecoration) {
    if (!(yield* source.more())) return source.ended === 'stop' && openNamed(reading, name);
    if (yield* readMarker(source, ends)) return openNamed(reading, name);
    const { letter } = source;
    if (letter === undefined) return false;
    name += letter;
    source.skip();
  }
  return false;
}

/** Models put blanks, quotes, backticks and bold marks around a name. */
function openNamed(reading: CallReading, name: string): boolean {
  return reading.open(name.trim()) || reading.open(name.replace(/^[\s"'`*]+|[\s"'`*]+$/g, ''));
}

/** An object with the tool's name and its arguments, in either order, and nothing else that matters. */
function* readJsonCall(node: SyntaxOf<'jsonCall'>, reading: CallReading): Waiting<boolean> {
  const { source } = reading;
  const blanks = (): Waiting<void> => skipBlanks(source, maxTrialBlanks);
  const argumentsKeys = [node.argumentsKey, ...node.argumentsAliases];
  if (!(yield* readMarker(source, ['{']))) return false;
  do {
    yield* blanks();
    const key = yield* readShortString(source, 32);
    yield* blanks();
    if (key === undefined || !(yield* readMarker(source, [':']))) break;
    yield* blanks();
    let isRead: boolean;
    if (key === node.nameKey && !reading.isOpen) {
      const name = yield* readShortString(source, 6 * reading.rules.longestName);
      isRead = name !== undefined && reading.open(name);
    } else if (argumentsKeys.includes(key)) isRead = yield* reading.arguments();
    else isRead = yield* readIgnored(key, reading);
    if (!isRead) break;
    yield* blanks();
  } while (yield* readMarker(source, [',']));
  if (!reading.isOpen) return false;
  // Models lose count of closing braces in both directions.
  while (yield* readBehindBlanks(source, '}'));
  return true;
}

/** Reads a sign and the blanks before it, or nothing. */
function* readBehindBlanks(source: AnswerSource, sign: string): Waiting<boolean> {
  source.mark();
  yield* skipBlanks(source, maxTrialBlanks);
  const isRead = yield* readMarker(source, [sign]);
  if (isRead) source.commit();
  else source.rewind();
  return isRead;
}

/** A value that says nothing to us; before the opening, where it is held, only a short `id` or `type`. */
function* readIgnored(key: string, reading: CallReading): Waiting<boolean> {
  if (reading.isOpen) return (yield* readJson(reading.source, () => {})) === 'whole';
  return (key === 'id' || key === 'type') && (yield* readShortString(reading.source, 64)) !== undefined;
}

/** A JSON string of at most `limit` units, decoded; undefined if there is none. */
function* readShortString(source: AnswerSource, limit: number): Waiting<string | undefined> {
  const start = source.mark();
  if (!(yield* readMarker(source, ['"']))) {
    source.rewind();
    return undefined;
  }
  let spelled: string | undefined;
  let isEscaped = false;
  while (spelled === undefined && (yield* source.more()) && source.at - start <= limit + 2) {
    const { letter } = source;
    if (letter === undefined) break;
    source.skip();
    if (letter === '"' && !isEscaped) spelled = source.since(start);
    isEscaped = letter === '\\' && !isEscaped;
  }
  source.commit();
  return spelled === undefined ? undefined : parseString(spelled);
}

function parseString(spelled: string): string | undefined {
  try {
    const value = parseExact(spelled);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
