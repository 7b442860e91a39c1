/** The streaming parser of all formats: reads as if the whole answer were there, and waits where it is not. */

import type { ParserEvent } from '../chat/event.ts';
import type { Piece } from '../chat/piece.ts';
import { markPieces } from '../grammar/notation-mark.ts';
import { AnswerSource, type Waiting } from './answer-source.ts';
import type { FormatParser } from './ask.ts';
import { isWrapped } from './call-block.ts';
import type { CallPlace, CallRules, CallTrial } from './call-reading.ts';
import { EventSink } from './event-sink.ts';
import type { ReasoningMarks, ReplyMarks } from './free-answer.ts';
import { issuedId } from './model-id.ts';
import { readCall, readClose, standsAtClose } from './read-call.ts';
import { readMarker, skipBlanks } from './read-marker.ts';

/** How one answer is to be read. */
export interface AnswerRules {
  /** Absent if no call can occur. */
  readonly calls?: CallRules;
  /** Markers with which a call, or its lead, begins. */
  readonly starts: readonly string[];
  /** All markers of the format: as special tokens they are shown where they fail, others are not. */
  readonly markers: ReadonlySet<string>;
  readonly reasoning?: ReasoningMarks;
  readonly reply?: ReplyMarks;
  /** May calls stand at the answer's beginning only? */
  readonly isAnchored: boolean;
  /** What the template has already written of the answer. */
  readonly promptTail: string;
  readonly stops: readonly string[];
  readonly beginsInReasoning: boolean;
  readonly parallel: boolean;
  /** Text that is not a call is JSON output: nothing in it is a marker. */
  readonly isOutput: boolean;
}

/** Line breaks around a reasoning block, and blanks between calls, that belong to neither. */
const maxJoint = 16;

/** A parser for one answer. */
export function createParser(rules: AnswerRules, newCallId: () => string): FormatParser {
  const source = new AnswerSource();
  const sink = new EventSink((written) => issuedId(rules.calls?.ids, newCallId(), written));
  // A prompt that ends in reasoning has gone on behind the tail.
  if (!rules.beginsInReasoning) for (const piece of tailPieces(rules.promptTail)) source.push(piece);
  return new SteppedParser(source, sink, readAnswer(source, sink, rules));
}

/** What the template has written, special tokens as such. */
function tailPieces(tail: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const { from, to } of markPieces(tail)) {
    if (from < at) continue;
    pieces.push({ text: tail.slice(at, from), tokens: 0 }, { text: '', special: tail.slice(from, to), tokens: 0 });
    at = to;
  }
  return [...pieces, { text: tail.slice(at), tokens: 0 }];
}

class SteppedParser implements FormatParser {
  readonly #source: AnswerSource;
  readonly #sink: EventSink;
  readonly #steps: Waiting<void>;
  /** After the answer's own end (a stop text, the only call allowed) whatever comes is dropped. */
  #isDone = false;

  constructor(source: AnswerSource, sink: EventSink, steps: Waiting<void>) {
    this.#source = source;
    this.#sink = sink;
    this.#steps = steps;
  }

  get isThinking(): boolean {
    return this.#sink.isThinking && !this.#isDone;
  }

  push(piece: Piece): readonly ParserEvent[] {
    if (this.#isDone) return [];
    this.#source.push(piece);
    return this.#step();
  }

  end(reason: 'stop' | 'length'): readonly ParserEvent[] {
    if (this.#isDone) return [];
    this.#source.end(reason);
    return this.#step();
  }

  #step(): readonly ParserEvent[] {
    this.#isDone = this.#steps.next().done === true;
    return this.#sink.take();
  }
}

function* readAnswer(source: AnswerSource, sink: EventSink, rules: AnswerRules): Waiting<void> {
  const reader = new AnswerReader(source, sink, rules);
  const isCalled = rules.reasoning !== undefined && (yield* reader.reasoning(rules.reasoning));
  if (isCalled) return rules.parallel ? yield* reader.free('call') : undefined;
  if (!rules.isOutput) return yield* reader.free('text');
  const trial = rules.calls === undefined ? undefined : yield* reader.calls('call');
  if (trial?.type === 'call') return rules.parallel ? yield* reader.free('call') : undefined;
  if (trial?.type === 'text') sink.text(trial.text);
  yield* readOutput(source, sink, rules);
}

const noMarks: ReasoningMarks = { open: '', close: '' };

/** Reads reasoning, text and calls of one answer. */
class AnswerReader {
  readonly #source: AnswerSource;
  readonly #sink: EventSink;
  readonly #rules: AnswerRules;
  /** Letters at which plain text is interrupted for a closer look. */
  readonly #firsts: ReadonlySet<string>;
  /** Has nothing but blanks been shown? */
  #isAtStart = true;
  #isReplyOpen = false;

  constructor(source: AnswerSource, sink: EventSink, rules: AnswerRules) {
    this.#source = source;
    this.#sink = sink;
    this.#rules = rules;
    const { starts, stops, reply, promptTail, reasoning } = rules;
    const again = reasoning?.isAnywhere === true ? reasoning.open : '';
    const marks = [promptTail, reply?.open ?? '', reply?.close ?? '', again];
    this.#firsts = new Set([...starts, ...stops, ...marks].map((marker) => marker.charAt(0)));
  }

  /** Text with calls in it. */
  *free(after: 'text' | 'call'): Waiting<void> {
    const source = this.#source;
    let follows = after;
    for (;;) {
      if (follows === 'text') {
        const start = source.at;
        source.skipPlain(this.#firsts);
        this.#text(source.since(start));
        if (source.isDry) {
          if (!(yield* source.more())) return;
          continue;
        }
      }
      if (yield* readStop(source, this.#rules.stops, follows)) return;
      const trial = yield* this.calls(follows);
      if (trial?.type === 'end') return;
      if (trial?.type === 'call') {
        if (!this.#rules.parallel) return;
        follows = 'call';
        continue;
      }
      if (trial !== undefined && trial.text !== '') this.#text(trial.text);
      else if (yield* this.#isReasoningAgain()) {
        follows = (yield* this.#thought(this.#rules.reasoning ?? noMarks)) ? 'call' : 'text';
        if (follows === 'call' && !this.#rules.parallel) return;
        continue;
      } else if (follows === 'text' && !(yield* this.#replyMark())) this.#release();
      follows = 'text';
    }
  }

  /** Calls that stand here, a whole block of them; undefined if none can. */
  *calls(follows: CallPlace): Waiting<CallTrial | undefined> {
    const { calls, isAnchored, parallel } = this.#rules;
    if (calls === undefined || (isAnchored && follows === 'text' && !this.#isAtStart)) return undefined;
    const first = yield* readCall(this.#source, this.#sink, { ...calls, follows });
    if (first.type !== 'call') return first;
    this.#isAtStart = false;
    if (!isWrapped(calls.block) || !parallel) return first;
    for (let last: CallTrial = first; last.type === 'call' && !(yield* standsAtClose(this.#source, calls.block)); ) {
      last = yield* readCall(this.#source, this.#sink, { ...calls, follows: 'block', isBound: last.isBound });
      if (last.type === 'end') return last;
      if (last.type === 'text' && last.text !== '') return last;
    }
    yield* readClose(this.#source, calls.block);
    return first;
  }

  /** A reasoning block at the answer's beginning; true if a call ended it. */
  *reasoning(marks: ReasoningMarks): Waiting<boolean> {
    const source = this.#source;
    if (this.#rules.beginsInReasoning) return yield* this.#thought(marks);
    source.mark();
    yield* skipBlanks(source, maxJoint);
    if (!(yield* readMarker(source, [marks.open]))) {
      source.rewind();
      return false;
    }
    source.commit();
    return yield* this.#thought(marks);
  }

  /** Reasoning up to its end; true if a call ended it. */
  *#thought(marks: ReasoningMarks): Waiting<boolean> {
    this.#sink.isThinking = true;
    const isCalled = yield* this.#thoughtText(marks);
    this.#sink.isThinking = false;
    if (!isCalled) yield* readLineBreaks(this.#source);
    return isCalled;
  }

  /** Without the line breaks that set it off. */
  *#thoughtText({ close, calls }: ReasoningMarks): Waiting<boolean> {
    const source = this.#source;
    yield* readLineBreaks(source);
    const starts = calls === 'end' ? this.#rules.starts : [];
    const firsts = new Set(['\n', close.charAt(0), ...starts.map((marker) => marker.charAt(0))]);
    for (;;) {
      const start = source.at;
      source.skipPlain(firsts);
      this.#sink.reasoning(source.since(start));
      if (source.isDry) {
        if (!(yield* source.more())) return false;
        continue;
      }
      const breaks = yield* readLineBreaks(source);
      if (yield* readMarker(source, [close])) return false;
      const trial = calls === 'end' ? yield* this.#callInThought() : undefined;
      if (trial?.type === 'call' || trial?.type === 'end') return true;
      this.#sink.reasoning(breaks + (trial?.text ?? ''));
      if (breaks !== '' || (trial !== undefined && trial.text !== '')) continue;
      const { at, special } = source;
      source.skip();
      if (special === undefined || this.#rules.markers.has(special)) this.#sink.reasoning(source.since(at));
    }
  }

  /** What may be a call is no place to end reasoning. */
  *#callInThought(): Waiting<CallTrial | undefined> {
    this.#sink.isThinking = false;
    const trial = yield* this.calls('text');
    this.#sink.isThinking = true;
    return trial;
  }

  *#isReasoningAgain(): Waiting<boolean> {
    const { reasoning } = this.#rules;
    return reasoning?.isAnywhere === true && (yield* readMarker(this.#source, [reasoning.open]));
  }

  /** A mark around visible text is not shown, nor what the template wrote. */
  *#replyMark(): Waiting<boolean> {
    const source = this.#source;
    const { reply, promptTail } = this.#rules;
    const { open = '', close = '' } = reply ?? {};
    const mayOpen = this.#isAtStart || source.special !== undefined;
    if (mayOpen && !this.#isReplyOpen && (yield* readMarker(source, [open]))) {
      this.#isReplyOpen = true;
      return true;
    }
    if (this.#isAtStart && (yield* readMarker(source, [promptTail]))) return true;
    const isClosed = (this.#isReplyOpen || source.special !== undefined) && (yield* readMarker(source, [close]));
    if (isClosed) this.#isReplyOpen = false;
    return isClosed;
  }

  #text(text: string): void {
    if (text.trim() !== '') this.#isAtStart = false;
    this.#sink.text(text);
  }

  #release(): void {
    const isBlank = /^\s$/.test(this.#source.letter ?? '');
    if (release(this.#source, this.#sink, this.#rules.markers) && !isBlank) this.#isAtStart = false;
  }
}

/** Stop texts begin with a line break, of which there may be more after a call. */
function* readStop(source: AnswerSource, stops: readonly string[], follows: 'text' | 'call'): Waiting<boolean> {
  if (stops.length === 0) return false;
  if (follows === 'text') return yield* readMarker(source, stops);
  source.mark();
  yield* skipBlanks(source, maxJoint);
  const isStop = yield* readMarker(
    source,
    stops.map((stop) => stop.trimStart()),
  );
  source.rewind();
  return isStop;
}

/** JSON output: text in which nothing is a marker but what stands around the whole of it. */
function* readOutput(source: AnswerSource, sink: EventSink, { reply, promptTail }: AnswerRules): Waiting<void> {
  const { open = '', close = '' } = reply ?? {};
  if (!(yield* readMarker(source, [open]))) yield* readMarker(source, [promptTail]);
  const firsts = new Set([close.charAt(0)]);
  while (yield* source.more()) {
    const start = source.at;
    source.skipPlain(firsts);
    sink.text(source.since(start));
    if (!source.isDry && !(yield* readMarker(source, [close]))) release(source, sink, noStops);
  }
}

const noStops: ReadonlySet<string> = new Set();

/** Shows one unit as text; a special token only if it is a marker that came to nothing. */
function release(source: AnswerSource, sink: EventSink, shown: ReadonlySet<string>): boolean {
  const { special } = source;
  const start = source.at;
  source.skip();
  const isShown = special === undefined || shown.has(special);
  if (isShown) sink.text(source.since(start));
  return isShown;
}

function* readLineBreaks(source: AnswerSource): Waiting<string> {
  let breaks = '';
  for (let count = 0; count < maxJoint; count++) {
    if (yield* readMarker(source, ['\n'])) breaks += '\n';
    else if (yield* readMarker(source, ['\r\n'])) breaks += '\r\n';
    else break;
  }
  return breaks;
}
