/** Collects what a parser finds, neighbouring texts joined. */

import type { CallOutcome, ParserEvent } from '../chat/event.ts';

/** Events since the last `take`; numbers the calls and asks for their ids. */
export class EventSink {
  readonly #newCallId: () => string;
  #events: ParserEvent[] = [];
  #calls = 0;
  /** See `FormatParser`. */
  isThinking = false;

  constructor(newCallId: () => string) {
    this.#newCallId = newCallId;
  }

  text(text: string): void {
    this.#delta('text-delta', text);
  }

  reasoning(text: string): void {
    this.#delta('reasoning-delta', text);
  }

  /** `isBound`: is the rest of the call held to the grammar? */
  startCall(name: string, isBound: boolean): void {
    const index = this.#calls++;
    const unbound = isBound ? {} : { unbound: true as const };
    this.#events.push({ type: 'call-start', index, id: this.#newCallId(), name, ...unbound });
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
