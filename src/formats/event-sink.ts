/** Collects what a parser finds, neighbouring texts joined. */

import type { CallOutcome, ParserEvent } from '../chat/event.ts';

/** Events since the last `take`; numbers the calls and asks for their ids. */
export class EventSink {
  readonly #newCallId: (written: string) => string;
  #events: ParserEvent[] = [];
  #calls = 0;
  /** See `FormatParser`. */
  isThinking = false;

  /** `newCallId` makes an id for a call of which the model wrote this id itself (nothing if it is empty). */
  constructor(newCallId: (written: string) => string) {
    this.#newCallId = newCallId;
  }

  text(text: string): void {
    this.#delta('text-delta', text);
  }

  reasoning(text: string): void {
    this.#delta('reasoning-delta', text);
  }

  /** `isBound`: is the rest of the call held to the grammar? `written`: the id that the model gave it. */
  startCall(name: string, isBound: boolean, written = ''): void {
    const index = this.#calls++;
    const unbound = isBound ? {} : { unbound: true as const };
    this.#events.push({ type: 'call-start', index, id: this.#newCallId(written), name, ...unbound });
  }

  json(json: string): void {
    if (json === '') return;
    const last = this.#events.at(-1);
    const index = this.#calls - 1;
    if (last?.type === 'call-delta') this.#events[this.#events.length - 1] = { ...last, json: last.json + json };
    else this.#events.push({ type: 'call-delta', index, json });
  }

  endCall(outcome: CallOutcome): void {
    this.#events.push({ type: 'call-end', index: this.#calls - 1, outcome });
  }

  take(): readonly ParserEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #delta(type: 'text-delta' | 'reasoning-delta', text: string): void {
    if (text === '') return;
    const last = this.#events.at(-1);
    if (last?.type === type) this.#events[this.#events.length - 1] = { type, text: last.text + text };
    else this.#events.push({ type, text });
  }
}
