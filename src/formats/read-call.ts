/** Reads one call by a format's syntax: first on trial, and once its opening is there, come what may. */

import { parseExact } from '../base/json.ts';
import type { AnswerSource, Waiting } from './answer-source.ts';
import type { EventSink } from './event-sink.ts';
import { readJson } from './read-json.ts';
import { readLastMarker, readMarker, skipBlanks } from './read-marker.ts';
import { type Interpreter, interpret, type Syntax, type SyntaxOf } from './syntax.ts';

/** What is known before any call is read. */
export interface CallRules {
  readonly item: Syntax;
  /** What joins a call to the text before it. */
  readonly lead: string;
  /** Names that may be called. */
  readonly names: ReadonlySet<string>;
  /** Length of the longest of them. */
  readonly longestName: number;
  /** The openings at which the grammar binds; undefined = it binds from the first byte on. */
  readonly openings: ReadonlySet<string> | undefined;
  /** What ends a call whose arguments are no JSON: its end markers, the next call, a stop text. */
  readonly fences: readonly string[];
}

/** Blanks that a call on trial may hold in one place. */
const maxTrialBlanks = 64;

/** Letters around a name that models add: quotes, backticks, bold. */
const maxNameDecoration = 8;

/** What came of a trial. */
export type CallTrial =
  /** A call was read, whole or not. */
  | { readonly type: 'call' }
  /** The answer ended with nothing left to show: behind a call, or inside an opening that a special token began. */
  | { readonly type: 'end' }
  /** There is no call. `text` was read for nothing; if it is empty, the source stands where it stood. */
  | { readonly type: 'text'; readonly text: string };

/** Reads a call at this place, and before it what joins it to text (its lead) or to another call (any blanks). */
export function readCall(
  source: AnswerSource,
  sink: EventSink,
  rules: CallRules & { readonly follows: 'text' | 'call' },
): Waiting<CallTrial> {
  return new CallReading(source, sink, rules).whole(rules.follows);
}

class CallReading {
  readonly source: AnswerSource;
  readonly rules: CallRules;
  readonly #sink: EventSink;
  /** Where the trial began. */
  #mark = 0;
  /** Where the call's first marker stands. */
  #start = 0;
  #beginsSpecial = false;
  #isOpen = false;
  #isDone = false;
  #json = '';
  /** What was read before arguments that came ahead of the name, and they: no longer held in the source. */
  #early: { before: string; json: string } | undefined;

  constructor(source: AnswerSource, sink: EventSink, rules: CallRules) {
    this.source = source;
    this.rules = rules;
    this.#sink = sink;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  *whole(follows: 'text' | 'call'): Waiting<CallTrial> {
    const { source } = this;
    this.#mark = source.mark();
    if (follows === 'call') yield* skipBlanks(source, maxTrialBlanks);
    else yield* readMarker(source, [this.rules.lead]);
    this.#start = source.at;
    const isEnd = !(yield* source.more());
    this.#beginsSpecial = source.special !== undefined;
    const isRead = !isEnd && (yield* interpret(reader, this.rules.item, this));
    if (this.#isOpen) {
      this.#finish();
      return { type: 'call' };
    }
    const isCut = source.isDry && source.ended === 'length' && this.#beginsSpecial && source.at > this.#start;
    if ((isEnd && follows === 'call') || (!isRead && isCut)) {
      source.commit();
      return { type: 'end' };
    }
    source.rewind();
    return { type: 'text', text: this.#early === undefined ? '' : this.#early.before + this.#early.json };
  }

  /** The name is known: from here on this is a call. False if no tool has this name. */
  open(name: string): boolean {
    if (this.#isOpen) return true;
    if (!this.rules.names.has(name)) return false;
    const { openings } = this.rules;
    const isBound =
      this.#early === undefined &&
      (openings === undefined || this.#beginsSpecial || openings.has(this.source.since(this.#start)));
    this.#isOpen = true;
    this.source.commit();
    this.#sink.startCall(name, isBound);
    if (this.#early !== undefined) this.#conclude(this.#early.json);
    return true;
  }

  /** Reads the arguments here, or, before the name is known, sets them aside. */
  *arguments(): Waiting<boolean> {
    yield* skipBlanks(this.source, this.#isOpen ? Infinity : maxTrialBlanks);
    if (!this.#isOpen) return yield* this.#earlyArguments();
    if (this.#isDone) {
      yield* readJson(this.source, () => {});
      return true;
    }
    if (this.source.letter === '{') {
      const end = yield* readJson(this.source, (text) => this.#pass(text));
      if (end === 'foreign') yield* this.#toFence((text) => this.#pass(text));
      this.#close(end === 'whole');
      return true;
    }
    if (yield* this.#isAtFence()) return true;
    let held = '';
    const end = yield* readJson(this.source, (text) => {
      held += text;
    });
    if (end === 'whole' && unwrapArguments(held) !== undefined) this.#conclude(held);
    else yield* this.#giveUp(held);
    return true;
  }

  /** Skips a value that says nothing to us; before the opening only what is short. */
  *ignored(): Waiting<boolean> {
    yield* skipBlanks(this.source, maxTrialBlanks);
    const letter = this.source.letter ?? '';
    if (!this.#isOpen && !/["\w-]/.test(letter)) return false;
    return (yield* readJson(this.source, () => {})) === 'whole';
  }

  /** Arguments ahead of the name are moved out of the source, which must not hold them. */
  *#earlyArguments(): Waiting<boolean> {
    if (this.#early !== undefined || !/[{"n]/.test(this.source.letter ?? '')) return false;
    const early = { before: this.source.since(this.#mark), json: '' };
    this.#early = early;
    this.source.commit();
    const end = yield* readJson(this.source, (text) => {
      early.json += text;
    });
    this.source.mark();
    return end === 'whole';
  }

  /** Arguments that were held as a whole: an object, one inside a string, or none. */
  #conclude(held: string): void {
    if (this.#isDone) return;
    this.#pass(unwrapArguments(held) ?? held);
    this.#close(true);
  }

  /** What stands here is no object; nothing at all means no arguments, and what is cut may have been a marker. */
  *#giveUp(held: string): Waiting<void> {
    let rest = held;
    yield* this.#toFence((text) => {
      rest += text;
    });
    if (!this.#isCut) this.#pass(rest.trim());
    if (this.#isCut || this.#json !== '') this.#close(false);
  }

  /** Does the call end here? A fence's leading line break may have been read as the one before the arguments. */
  *#isAtFence(): Waiting<boolean> {
    this.source.mark();
    const isFence = yield* readMarker(
      this.source,
      this.rules.fences.map((fence) => fence.trimStart()),
    );
    this.source.rewind();
    return isFence;
  }

  get #isCut(): boolean {
    return this.source.isDry && this.source.ended === 'length';
  }

  /** Passes on what follows up to the end of the call, so that whoever mends it has all of it. */
  *#toFence(sink: (text: string) => void): Waiting<void> {
    const { fences } = this.rules;
    const firsts = new Set(fences.map((fence) => fence.charAt(0)));
    for (;;) {
      const start = this.source.at;
      this.source.skipPlain(firsts);
      sink(this.source.since(start));
      if (!(yield* this.source.more())) return;
      if (this.source.special !== undefined) return;
      this.source.mark();
      const isFence = yield* readMarker(this.source, fences);
      this.source.rewind();
      if (isFence) return;
      const letter = this.source.at;
      this.source.skip();
      sink(this.source.since(letter));
    }
  }

  #pass(json: string): void {
    this.#json += json;
    this.#sink.json(json);
  }

  #close(isWhole: boolean): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#sink.endCall(!isWhole && this.#isCut ? 'cut' : isWhole && isObjectText(this.#json) ? 'ok' : 'broken');
  }

  /** A call that brought no arguments has none, unless the answer was cut before they could come. */
  #finish(): void {
    if (this.#isDone) return;
    const isCut = this.#isCut;
    if (!isCut) this.#pass('{}');
    this.#close(!isCut);
  }
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
    else isRead = (reading.isOpen || key === 'id' || key === 'type') && (yield* reading.ignored());
    if (!isRead) break;
    yield* blanks();
  } while (yield* readMarker(source, [',']));
  if (!reading.isOpen) return false;
  // Models lose count of closing braces in both directions.
  while (yield* readMarker(source, ['}'])) yield* blanks();
  return true;
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
  const value = spelled === undefined ? undefined : parsed(spelled);
  return typeof value === 'string' ? value : undefined;
}

/** An object as it is; `null` and `""` are no arguments; a string that holds an object is that object. */
function unwrapArguments(held: string): string | undefined {
  const value = parsed(held);
  if (value instanceof Map) return held;
  if (value === null || value === '') return '{}';
  return typeof value === 'string' && isObjectText(value) ? value.trim() : undefined;
}

function isObjectText(json: string): boolean {
  return parsed(json) instanceof Map;
}

function parsed(json: string): unknown {
  try {
    return parseExact(json);
  } catch {
    return undefined;
  }
}
