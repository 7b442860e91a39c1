/** The streaming parser of all formats: reads as if the whole answer were there, and waits where it is not. */

import type { ParserEvent } from '../chat/event.ts';
import type { Piece } from '../chat/piece.ts';
import type { ReasoningMarks } from './answer-plan.ts';
import { AnswerSource, type Waiting } from './answer-source.ts';
import type { FormatParser } from './ask.ts';
import type { CallRules } from './call-reading.ts';
import { EventSink } from './event-sink.ts';
import { readCall } from './read-call.ts';
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
  const sink = new EventSink(newCallId);
  return new SteppedParser(source, sink, readAnswer(source, sink, rules));
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
  if (rules.reasoning !== undefined) yield* readReasoning(source, sink, rules);
  if (!rules.isOutput) return yield* readFree(source, sink, rules, 'text');
  if (rules.calls === undefined) return yield* readLetters(source, sink);
  const trial = yield* readCall(source, sink, { ...rules.calls, follows: 'call' });
  if (trial.type === 'call') return rules.parallel ? yield* readFree(source, sink, rules, 'call') : undefined;
  if (trial.type === 'text') sink.text(trial.text);
  yield* readLetters(source, sink);
}

/** Text with calls in it. */
function* readFree(source: AnswerSource, sink: EventSink, rules: AnswerRules, after: 'text' | 'call'): Waiting<void> {
  const firsts = new Set([...rules.starts, ...rules.stops].map((marker) => marker.charAt(0)));
  const { calls } = rules;
  const callRules = calls && {
    text: { ...calls, follows: 'text' as const },
    call: { ...calls, follows: 'call' as const },
  };
  let follows = after;
  for (;;) {
    if (follows === 'text') {
      const start = source.at;
      source.skipPlain(firsts);
      sink.text(source.since(start));
      if (source.isDry) {
        if (!(yield* source.more())) return;
        continue;
      }
    }
    if (yield* readStop(source, rules.stops, follows)) return;
    const trial = callRules && (yield* readCall(source, sink, callRules[follows]));
    if (trial?.type === 'end') return;
    if (trial?.type === 'call') {
      if (!rules.parallel) return;
      follows = 'call';
      continue;
    }
    if (trial !== undefined && trial.text !== '') sink.text(trial.text);
    else if (follows === 'text') release(source, sink, rules.markers);
    follows = 'text';
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

/** Text in which nothing is a marker. */
function* readLetters(source: AnswerSource, sink: EventSink): Waiting<void> {
  while (yield* source.more()) {
    const start = source.at;
    source.skipPlain(noStops);
    sink.text(source.since(start));
    if (!source.isDry) release(source, sink, noStops);
  }
}

const noStops: ReadonlySet<string> = new Set();

/** Shows one unit as text; a special token only if it is a marker that came to nothing. */
function release(source: AnswerSource, sink: EventSink, shown: ReadonlySet<string>): void {
  const { special } = source;
  const start = source.at;
  source.skip();
  if (special === undefined || shown.has(special)) sink.text(source.since(start));
}

/** A reasoning block at the answer's beginning, without the line breaks that set it off. */
function* readReasoning(source: AnswerSource, sink: EventSink, rules: AnswerRules): Waiting<void> {
  const { open, close } = rules.reasoning ?? { open: '', close: '' };
  if (!rules.beginsInReasoning) {
    source.mark();
    yield* skipBlanks(source, maxJoint);
    if (!(yield* readMarker(source, [open]))) return source.rewind();
    source.commit();
  }
  yield* skipLineBreaks(source);
  const firsts = new Set(['\n', close.charAt(0)]);
  for (;;) {
    const start = source.at;
    source.skipPlain(firsts);
    sink.reasoning(source.since(start));
    if (source.isDry) {
      if (!(yield* source.more())) return;
      continue;
    }
    source.mark();
    yield* skipLineBreaks(source);
    if (yield* readMarker(source, [close])) break;
    source.rewind();
    const { at, special } = source;
    source.skip();
    if (special === undefined) sink.reasoning(source.since(at));
  }
  source.commit();
  yield* skipLineBreaks(source);
}

function* skipLineBreaks(source: AnswerSource): Waiting<void> {
  for (let count = 0; count < maxJoint; count++) if (!(yield* readMarker(source, ['\n', '\r\n']))) return;
}
