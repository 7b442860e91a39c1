/** The state of one call being read: on trial until its opening is there, and from then on a call, come what may. */

import { parseExact } from '../base/json.ts';
import type { CallOutcome } from '../chat/event.ts';
import type { JsonSchema } from '../chat/tool.ts';
import type { Notation } from '../grammar/notation.ts';
import type { AnswerSource, Waiting } from './answer-source.ts';
import type { CallBlock } from './call-block.ts';
import type { EventSink } from './event-sink.ts';
import { mendName } from './mend-name.ts';
import type { IdRule } from './model-id.ts';
import { readNotation } from './notations/notations.ts';
import { readJson } from './read-json.ts';
import { readMarker, skipBlanks } from './read-marker.ts';

/** What is known before any call is read. */
export interface CallRules {
  readonly block: CallBlock;
  /** What joins a call to the text before it. */
  readonly lead: string;
  /** By the name that may be called: the parameters' schema. */
  readonly schemas: ReadonlyMap<string, JsonSchema>;
  /** Does the engine hold the model to the grammar, from an opening on? */
  readonly isHeld: boolean;
  /** Length of the longest of them. */
  readonly longestName: number;
  /** Of which kind are the ids that models write between name and arguments? Absent if they write none to be kept. */
  readonly ids: IdRule | undefined;
  /** What may follow a name at once, even where its delimiter should stand. */
  readonly afterName: readonly string[];
  /** What ends a call by repeating its name: the name stands between these two. */
  readonly echo: readonly [string, string] | undefined;
  /** The openings at which the grammar binds; undefined = it binds from the first byte on. */
  readonly openings: ReadonlySet<string> | undefined;
  /** What ends a call whose arguments are no JSON: its end markers, the next call, a stop text. */
  readonly fences: readonly string[];
}

/** Blanks that a call on trial may hold in one place. */
export const maxTrialBlanks = 64;

/** Where a call is tried: after text, after another call or its block, or inside a block. */
export type CallPlace = 'text' | 'call' | 'block';

/** What came of a trial. */
export type CallTrial =
  /** A call was read, whole or not; `isBound`: it was held to the grammar. */
  | { readonly type: 'call'; readonly isBound: boolean }
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
  #isBound: boolean;
  #schema: JsonSchema = true;
  #name = '';
  #isOpen = false;
  #isAnnounced = false;
  #isDone = false;
  #outcome: CallOutcome | undefined;
  #json = '';
  /** What was read before arguments that came ahead of the name, and they: no longer held in the source. */
  #early: { before: string; json: string } | undefined;

  /** `isBound`: does the grammar bind already, from an earlier call of this block on? */
  constructor(source: AnswerSource, sink: EventSink, rules: CallRules, isBound: boolean) {
    this.source = source;
    this.rules = rules;
    this.#sink = sink;
    this.#isBound = isBound;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Tries `readItem` on what stands here, behind a lead (after text) or blanks and a separator (elsewhere). */
  *trial(follows: CallPlace, readItem: () => Waiting<boolean>): Waiting<CallTrial> {
    const { source } = this;
    this.#mark = source.mark();
    source.metEnd = false;
    if (follows === 'text') yield* readMarker(source, [this.rules.lead]);
    else yield* this.#separator();
    this.#start = source.at;
    const isEnd = !(yield* source.more());
    this.#beginsSpecial = source.special !== undefined;
    const isRead = !isEnd && (yield* readItem());
    if (this.#isOpen) {
      this.#finish();
      if (this.#outcome === 'cut') source.skipRest();
      return { type: 'call', isBound: this.#isBound && this.rules.isHeld };
    }
    const isCut = source.metEnd && source.ended === 'length' && this.#beginsSpecial;
    // Inside a block only calls can come: what the answer's end cut short of one is nothing to show.
    const isCutInBlock = follows === 'block' && source.metEnd;
    if ((isEnd && follows !== 'text') || (!isRead && (isCut || isCutInBlock))) {
      source.commit();
      return { type: 'end' };
    }
    source.rewind();
    return { type: 'text', text: this.#early === undefined ? '' : this.#early.before + this.#early.json };
  }

  /** Blanks, and what joins two calls if it is more than blanks. */
  *#separator(): Waiting<void> {
    const sign = this.rules.block.separator.trim();
    yield* skipBlanks(this.source, maxTrialBlanks);
    if (sign !== '' && (yield* readMarker(this.source, [sign]))) yield* skipBlanks(this.source, maxTrialBlanks);
  }

  /** The name is known: from here on this is a call. False if no tool has this name. `peeked` follows, unread. */
  open(name: string, peeked = ''): boolean {
    if (this.#isOpen) return true;
    const { openings, schemas } = this.rules;
    const schema = schemas.get(name) ?? this.#meantBy(name);
    if (schema === undefined) return false;
    this.#schema = schema;
    this.#name = name;
    this.#isBound =
      this.#early === undefined &&
      (this.#isBound ||
        openings === undefined ||
        this.#beginsSpecial ||
        openings.has(this.source.since(this.#start) + peeked));
    this.#isOpen = true;
    this.source.commit();
    if (this.rules.ids === undefined) this.announce();
    if (this.#early !== undefined) this.#conclude(this.#early.json);
    return true;
  }

  /** Says that there is a call, at the latest before anything else is said of it. */
  announce(writtenId = ''): void {
    if (this.#isAnnounced || !this.#isOpen) return;
    this.#isAnnounced = true;
    this.#sink.startCall(this.#name, this.#isBound, writtenId);
  }

  /** Without a grammar models misspell names: such a call is one too, under the name it was given, for others to mend. */
  #meantBy(name: string): JsonSchema | undefined {
    const { isHeld, schemas } = this.rules;
    const meant = isHeld ? undefined : mendName(name, [...schemas.keys()]);
    return meant && schemas.get(meant.name);
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

  /** Reads arguments in another notation than JSON, of a call that is open. */
  *spelledArguments(notation: Notation): Waiting<boolean> {
    if (!this.#isOpen || this.#isDone) return this.#isDone;
    const { fences, echo } = this.rules;
    const own = echo === undefined ? [] : [echo[0] + this.#name + echo[1]];
    const place = { schema: this.#schema, fences: [...fences, ...own], isBound: this.#isBound && this.rules.isHeld };
    const end = yield* readNotation(this.source, notation, place, (text) => this.#pass(text));
    if (end === 'foreign') yield* this.#toFence((text) => this.#pass(text));
    this.#close(end === 'whole');
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
    return this.source.ended === 'length' && (this.source.isDry || this.source.metEnd);
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
    this.announce();
    this.#json += json;
    this.#sink.json(json);
  }

  #close(isWhole: boolean): void {
    if (this.#isDone) return;
    this.announce();
    this.#isDone = true;
    this.#outcome = !isWhole && this.#isCut ? 'cut' : isWhole && isObjectText(this.#json) ? 'ok' : 'broken';
    this.#sink.endCall(this.#outcome);
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
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function parsed(json: string): unknown {
  try {
    return parseExact(json);
  } catch {
    return undefined;
  }
}
