/** Reads one call by a format's syntax. */

import { parseExact } from '../base/json.ts';
import type { AnswerSource, Waiting } from './answer-source.ts';
import { type CallBlock, partsOf } from './call-block.ts';
import { type CallPlace, CallReading, type CallRules, type CallTrial, maxTrialBlanks } from './call-reading.ts';
import type { EventSink } from './event-sink.ts';
import { readJson } from './read-json.ts';
import { readLastMarker, readMarker, skipBlanks } from './read-marker.ts';
import { type Interpreter, interpret, markersOf, mayMiss, type Syntax, type SyntaxOf } from './syntax.ts';

/** Letters around a name that models add: quotes, backticks, bold, a namespace. */
const maxNameDecoration = 24;

/** Reads a call at this place; the first of a block begins with what opens the block. */
export function readCall(
  source: AnswerSource,
  sink: EventSink,
  rules: CallRules & { readonly follows: CallPlace; readonly isBound?: boolean },
): Waiting<CallTrial> {
  const { block, follows, isBound = false } = rules;
  const reading = new CallReading(source, sink, rules, isBound);
  const parts = [...(follows === 'block' ? [] : block.before), ...partsOf(block.item)];
  return reading.trial(follows, () => readParts(parts, reading));
}

/** Reads what closes a block, as far as it is there. */
export function* readClose(source: AnswerSource, block: CallBlock): Waiting<void> {
  for (const each of block.after) {
    const part = each.kind === 'optional' ? each.item : each;
    if (part.kind !== 'text') continue;
    source.mark();
    yield* skipBlanks(source, maxTrialBlanks);
    if (yield* readLastMarker(source, behindBlanks(spellingsOf(part)))) source.commit();
    else source.rewind();
  }
}

/** Does what closes a block stand here, behind blanks? Nothing is read. */
export function* standsAtClose(source: AnswerSource, block: CallBlock): Waiting<boolean> {
  const markers = behindBlanks(block.after.flatMap(markersOf));
  if (markers.length === 0) return false;
  source.mark();
  yield* skipBlanks(source, maxTrialBlanks);
  const isClose = yield* readMarker(source, markers);
  source.rewind();
  return isClose;
}

function behindBlanks(markers: readonly string[]): readonly string[] {
  return markers.map((marker) => marker.trimStart());
}

function spellingsOf(node: SyntaxOf<'text'>): readonly string[] {
  return [node.text, ...node.also];
}

const reader: Interpreter<CallReading, Waiting<boolean>> = {
  *text(node, reading) {
    const read = reading.isOpen ? readLastMarker : readMarker;
    return (yield* read(reading.source, spellingsOf(node))) || mayMiss(node);
  },
  *gap(_node, reading) {
    yield* skipBlanks(reading.source, reading.isOpen ? Infinity : maxTrialBlanks);
    return true;
  },
  name: readName,
  *again(node, { source }) {
    return (yield* readDropped(node.end, source)) !== undefined;
  },
  id: readId,
  ordinal: readId,
  args: ({ notation }, reading) =>
    notation.kind === 'json' ? reading.arguments() : reading.spelledArguments(notation),
  jsonCall: readJsonCall,
  keyCall: readKeyCall,
  seq: (node, reading) => readParts(node.items, reading, true),
  many: (node, reading) => interpret(reader, node.item, reading),
  *optional(node, reading) {
    reading.source.mark();
    if (yield* interpret(reader, node.item, reading)) reading.source.commit();
    else reading.source.rewind();
    return true;
  },
};

/** After the opening a missing part of the call itself is forgiven; blanks before it are then not the call's either. */
function* readParts(parts: readonly Syntax[], reading: CallReading, isStrict = false): Waiting<boolean> {
  const { source } = reading;
  let isGapOpen = false;
  for (const item of parts) {
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
    if (!isRead && (isStrict || !reading.isOpen)) return false;
  }
  if (isGapOpen) source.commit();
  return true;
}

/** Longest id or number that is read between a name and its arguments. */
const maxDropped = 128;

/** The call's id, or its number. */
function* readId(node: { readonly end: string }, reading: CallReading): Waiting<boolean> {
  const written = yield* readDropped(node.end, reading.source);
  reading.announce(written);
  return written !== undefined;
}

/** Reads up to and including `end`, or nothing; returns what stands before the end. */
function* readDropped(end: string, source: AnswerSource): Waiting<string | undefined> {
  const start = source.mark();
  for (let length = 0; length < maxDropped && (yield* source.more()); length++) {
    const dropped = source.since(start);
    if (yield* readMarker(source, [end])) {
      source.commit();
      return dropped;
    }
    if (source.letter === undefined || source.letter === '{') break;
    source.skip();
  }
  source.rewind();
  return (yield* readMarker(source, [end])) ? '' : undefined;
}

/**
 * A bare name up to its delimiter; the answer's end is one too, unless the token limit brought it, and so is whatever
 * may follow a name at once.
 */
function* readName(node: SyntaxOf<'name'>, reading: CallReading): Waiting<boolean> {
  const { source, rules } = reading;
  const ends = node.end === '\n' ? ['\n', '\r\n'] : [node.end];
  let name = '';
  while (name.length <= rules.longestName + maxNameDecoration) {
    if (!(yield* source.more())) return source.ended === 'stop' && openNamed(reading, name);
    if (!node.peeks && (yield* readMarker(source, ends))) return openNamed(reading, name);
    if (name !== '' && (yield* standsAt(source, rules.afterName))) {
      const peeked = node.peeks && (yield* standsAt(source, [node.end])) ? node.end : '';
      return openNamed(reading, name, peeked);
    }
    const { letter } = source;
    if (letter === undefined) return false;
    name += letter;
    source.skip();
  }
  return false;
}

/** Does one of the markers stand here? */
function* standsAt(source: AnswerSource, markers: readonly string[]): Waiting<boolean> {
  source.mark();
  const isThere = yield* readMarker(source, markers);
  source.rewind();
  return isThere;
}

/** Models put blanks, quotes, backticks and bold marks around a name. */
function openNamed(reading: CallReading, name: string, peeked = ''): boolean {
  const bare = name.replace(/^[\s"'`*]+|[\s"'`*]+$/g, '');
  return reading.open(name.trim(), peeked) || reading.open(bare, peeked);
}

/** An object with the tool's name and its arguments, in either order, and nothing else that matters. */
function* readJsonCall(node: SyntaxOf<'jsonCall'>, reading: CallReading): Waiting<boolean> {
  const { source } = reading;
  const blanks = (): Waiting<void> => skipBlanks(source, maxTrialBlanks);
  const argumentsKeys = [node.argumentsKey, ...node.argumentsAliases];
  const droppedKeys = ['id', 'type', ...node.fixed.map((member) => member.key)];
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
    else if (!reading.isOpen && !droppedKeys.includes(key)) isRead = false;
    else isRead = yield* readIgnored(reading);
    if (!isRead) break;
    yield* blanks();
  } while (yield* readMarker(source, [',']));
  if (!reading.isOpen) return false;
  yield* readBraces(source);
  return true;
}

/** An object whose key names the tool. */
function* readKeyCall({ spacing }: SyntaxOf<'keyCall'>, reading: CallReading): Waiting<boolean> {
  const { source } = reading;
  if (!(yield* readMarker(source, ['{']))) return false;
  yield* skipBlanks(source, maxTrialBlanks);
  const name = yield* readShortString(source, 6 * reading.rules.longestName);
  if (name === undefined) return false;
  yield* skipBlanks(source, maxTrialBlanks);
  if (!(yield* readMarker(source, [':']))) return false;
  const peeked = spacing === 'spaced' && (yield* standsAt(source, [' '])) ? ' ' : '';
  if (!reading.open(name, peeked)) return false;
  yield* reading.arguments();
  yield* readBraces(source);
  return true;
}

/** Models lose count of closing braces in both directions. */
function* readBraces(source: AnswerSource): Waiting<void> {
  while (yield* readBehindBlanks(source, '}'));
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

/** A value that says nothing to us; before the opening, where it is held, only a short string. */
function* readIgnored(reading: CallReading): Waiting<boolean> {
  if (reading.isOpen) return (yield* readJson(reading.source, () => {})) === 'whole';
  return (yield* readShortString(reading.source, 64)) !== undefined;
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
