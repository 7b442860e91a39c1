/** Everything about one request in one bounded record: body, prompts, what the model wrote, events, answer. */

import { isObject } from '../base/json.ts';
import type { ChatEvent } from '../chat/event.ts';
import { type FoldedAnswer, Folder } from '../chat/fold.ts';
import type { Piece } from '../chat/piece.ts';
import type { Prompt, PromptSegment } from '../chat/prompt.ts';
import type { Trace } from '../chat/trace.ts';
import { type Mask, mapTexts } from './capture-mask.ts';

/** A special token by its spelling, or text. */
type WrittenPiece = string | { readonly special: string };

/** What happened, in order: an engine was given a prompt, or wrote. Pieces of several choices mingle. */
type Step =
  | { readonly kind: 'prompt'; readonly segments: PromptSegment[] }
  | { readonly kind: 'pieces'; readonly pieces: WrittenPiece[] };

interface TimedEvent {
  /** Milliseconds since the request began. */
  readonly atMs: number;
  readonly event: ChatEvent;
}

/** A transcript as it is kept; the API shows it as it is. */
interface TranscriptRecord {
  readonly request: unknown;
  readonly steps: readonly Step[];
  readonly events: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly answer?: unknown;
  /** It was longer than is kept. */
  readonly isCut: boolean;
}

/** A transcript holds about so many characters; what comes later is left out. */
const maxChars = 1_000_000;
/** What an event takes besides its text. */
const eventChars = 60;
/** In a body that is too long, longer texts (pictures, files) are cut to this. */
const maxTextChars = 2_000;

/** The record of one request. */
export class Transcript implements Trace {
  readonly #body: unknown;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  readonly #steps: Step[] = [];
  readonly #events: TimedEvent[] = [];
  readonly #folder = new Folder();
  #chars = 0;
  #isCut = false;
  #isOrdered = true;

  constructor(body: unknown, nowMs: () => number) {
    this.#body = body;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  prompt(prompt: Prompt): void {
    const segments: PromptSegment[] = [];
    for (const { text, trusted } of prompt) {
      const room = maxChars - this.#chars;
      if (room > 0) segments.push({ text: text.slice(0, room), trusted });
      this.#count(text.length);
    }
    if (segments.length > 0) this.#steps.push({ kind: 'prompt', segments });
  }

  piece({ text, special }: Piece): void {
    const written = special === undefined ? text : { special };
    if (written === '' || !this.#count(3 + (special ?? text).length)) return;
    const last = this.#steps.at(-1);
    if (last?.kind === 'pieces') last.pieces.push(written);
    else this.#steps.push({ kind: 'pieces', pieces: [written] });
  }

  event(event: ChatEvent): void {
    const { text, isDelta } = said(event);
    // How an answer ends is kept in any case.
    if (!this.#count(eventChars + text.length) && isDelta) return;
    this.#events.push({ atMs: Math.round(this.#nowMs() - this.#startMs), event: plain(event) });
    this.#fold(event);
  }

  /** The whole as it may be kept, as JSON text. */
  close(mask: Mask): string {
    const { request, isWhole, chars } = requestOf(this.#body, mask);
    const events = mask.isEmpty ? this.#events.map(recordOf) : maskedEvents(this.#events, mask);
    const answer = this.#answer(mask);
    // Where something was cut, a part of what is masked may stand at the edge, and cannot be found.
    const scrub = mask.scrubber(isWhole && !this.#isCut ? 2 * this.#chars : Infinity);
    const record: TranscriptRecord = {
      request: isWhole ? mapTexts(request, mask.scrubber(chars)) : request,
      steps: mask.isEmpty ? this.#steps : this.#steps.map((step) => scrubbed(step, scrub)),
      events: events.map((event) => scrubbedEvent(event, scrub)),
      ...(answer !== undefined && { answer: mapTexts(answer, scrub) }),
      isCut: this.#isCut || !isWhole,
    };
    return JSON.stringify(record);
  }

  /** Counts characters that are to be kept; false = there is no more room. */
  #count(chars: number): boolean {
    this.#chars += chars;
    if (this.#chars > maxChars) this.#isCut = true;
    return !this.#isCut;
  }

  /** Events that are left out leave an answer that is none. */
  #fold(event: ChatEvent): void {
    if (this.#isCut || !this.#isOrdered) return;
    try {
      this.#folder.add(event);
    } catch {
      // Whoever sends the answer out says what is wrong with its order.
      this.#isOrdered = false;
    }
  }

  #answer(mask: Mask): unknown {
    if (this.#isCut || !this.#isOrdered) return undefined;
    try {
      const { choices, error } = this.#folder.result();
      return { choices: choices.map((choice) => choiceOf(choice, mask)), ...(error && { error: error.message }) };
    } catch {
      // The client left in the middle: there is no answer.
      return undefined;
    }
  }
}

function choiceOf(choice: FoldedAnswer['choices'][number], mask: Mask): unknown {
  const { reasoning, text, calls, finish } = choice;
  return {
    reasoning,
    text,
    calls: calls.map((call) => ({ ...call, arguments: mask.argumentsText(call.arguments) })),
    finish,
  };
}

function said(event: ChatEvent): { readonly text: string; readonly isDelta: boolean } {
  if (event.type === 'text-delta' || event.type === 'reasoning-delta') return { text: event.text, isDelta: true };
  if (event.type === 'call-delta') return { text: event.json, isDelta: true };
  return { text: '', isDelta: event.type === 'progress' };
}

/** Without probabilities, which are many times as long as the text, and without the text before it was read, which the pieces hold. */
function plain(event: ChatEvent): ChatEvent {
  if (event.type === 'report' && event.report.raw !== undefined) {
    const { raw: _raw, ...report } = event.report;
    return { ...event, report };
  }
  if (event.type !== 'text-delta' || event.logprobs === undefined) return event;
  const { logprobs: _logprobs, ...rest } = event;
  return rest;
}

function recordOf({ atMs, event }: TimedEvent): Record<string, unknown> {
  if (event.type !== 'error') return { atMs, ...event };
  const { code, message } = event.error;
  return { atMs, type: event.type, error: { code, message } };
}

/** Each call's arguments as one delta, and neighbouring texts as one: what is to be found may be cut in pieces. */
function maskedEvents(events: readonly TimedEvent[], mask: Mask): ReadonlyArray<Record<string, unknown>> {
  const joined: Array<Record<string, unknown>> = [];
  const open = new Map<string, Record<string, unknown>>();
  for (const timed of events) {
    const { event } = timed;
    const { text, isDelta } = said(event);
    const name = 'choice' in event ? `${event.choice} ${event.type}` : '';
    const before = isDelta ? open.get(name) : undefined;
    const field = event.type === 'call-delta' ? 'json' : 'text';
    if (before !== undefined) before[field] = `${String(before[field])}${text}`;
    else {
      const record = recordOf(timed);
      joined.push(record);
      // Another kind of event of the choice ends what is joined.
      if ('choice' in event) for (const key of open.keys()) if (key.startsWith(`${event.choice} `)) open.delete(key);
      if (isDelta && name !== '') open.set(name, record);
    }
  }
  return joined.map((record) =>
    record['type'] === 'call-delta' ? { ...record, json: mask.argumentsText(String(record['json'])) } : record,
  );
}

const textFields = ['text', 'json'] as const;

/** Names and kinds stay what they are. */
function scrubbedEvent(event: Readonly<Record<string, unknown>>, scrub: (text: string) => string) {
  const texts = textFields.flatMap((field) => (typeof event[field] === 'string' ? [[field, scrub(event[field])]] : []));
  const told = (['warning', 'error'] as const).flatMap((field) => {
    const about = event[field];
    return isObject(about) ? [[field, { ...about, message: scrub(String(about['message'])) }]] : [];
  });
  return { ...event, ...Object.fromEntries([...texts, ...told]) };
}

/** Neighbouring pieces as one: what is to be found may be cut in pieces. */
function scrubbed(step: Step, scrub: (text: string) => string): Step {
  if (step.kind === 'prompt')
    return { kind: 'prompt', segments: step.segments.map(({ text, trusted }) => ({ text: scrub(text), trusted })) };
  const joined: WrittenPiece[] = [];
  for (const piece of step.pieces) {
    const last = joined.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') joined[joined.length - 1] = last + piece;
    else joined.push(piece);
  }
  return { kind: 'pieces', pieces: joined.map((piece) => (typeof piece === 'string' ? scrub(piece) : piece)) };
}

/** What is kept of a body. */
interface KeptRequest {
  readonly request: unknown;
  readonly isWhole: boolean;
  readonly chars: number;
}

/** A body that takes half of the room or more is kept without its long texts, or not at all; to mask it would take long. */
function requestOf(body: unknown, mask: Mask): KeptRequest {
  const tooLong = { request: 'The request was too long to be kept.', isWhole: false, chars: 0 };
  const charsOf = (value: unknown): number => (JSON.stringify(value) ?? '').length;
  const chars = charsOf(body);
  if (chars <= maxChars / 2) return { request: mask.request(body), isWhole: true, chars };
  if (!mask.isEmpty) {
    mask.giveUp();
    return tooLong;
  }
  const request = mapTexts(body, (text) =>
    text.length <= maxTextChars
      ? text
      : `${text.slice(0, maxTextChars)}… (${text.length - maxTextChars} more characters)`,
  );
  return charsOf(request) > maxChars / 2 ? tooLong : { request, isWhole: false, chars };
}
