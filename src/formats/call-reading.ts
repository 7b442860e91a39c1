/** The state of one call being read: on trial until its opening is there, and from then on a call, come what may. */

import { parseExact } from '../base/json.ts';
import type { AnswerSource, Waiting } from './answer-source.ts';
import type { EventSink } from './event-sink.ts';
import { readJson } from './read-json.ts';
import { readMarker, skipBlanks } from './read-marker.ts';
import type { Syntax } from './syntax.ts';

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
export const maxTrialBlanks = 64;

/** What came of a trial. */
export type CallTrial =
  /** A call was read, whole or not. */
  | { readonly type: 'call' }
  /** The answer ended with nothing left to show: behind a call, or inside an opening that a special token began. */
  | { readonly type: 'end' }
  /** There is no call. `text` was read for nothing; if it is empty, the source stands where it stood. */
  | { readonly type: 'text'; readonly text: string };

/** One call being read; what it finds goes to the sink. */
export class CallReading {
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

  /** Tries `readItem` on what stands here, behind a lead (after text) or any blanks (after a call). */
  *trial(follows: 'text' | 'call', readItem: () => Waiting<boolean>): Waiting<CallTrial> {
    const { source } = this;
    this.#mark = source.mark();
    if (follows === 'call') yield* skipBlanks(source, maxTrialBlanks);
    else yield* readMarker(source, [this.rules.lead]);
    this.#start = source.at;
    const isEnd = !(yield* source.more());
    this.#beginsSpecial = source.special !== undefined;
    const isRead = !isEnd && (yield* readItem());
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
