/** Collects what a parser finds, neighbouring texts joined. */

import type { CallOutcome, ParserEvent } from '../chat/event.ts';

type DeltaType = 'text-delta' | 'reasoning-delta' | 'call-delta';

/** Events since the last `take`; numbers the calls and asks for their ids. */
export class EventSink {
  readonly #newCallId: (written: string) => string;
  #events: ParserEvent[] = [];
  #calls = 0;
  #type: DeltaType = 'text-delta';
  #text = '';
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
    this.#close();
    const index = this.#calls++;
    const unbound = isBound ? {} : { unbound: true as const };
    this.#events.push({ type: 'call-start', index, id: this.#newCallId(written), name, ...unbound });
  }

  json(json: string): void {
    this.#delta('call-delta', json);
  }

  endCall(outcome: CallOutcome): void {
    this.#close();
    this.#events.push({ type: 'call-end', index: this.#calls - 1, outcome });
  }

  take(): readonly ParserEvent[] {
    this.#close();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #delta(type: DeltaType, text: string): void {
    if (type !== this.#type) this.#close();
    this.#type = type;
    this.#text += text;
  }

  /** The delta that is being joined becomes an event. */
  #close(): void {
    const [type, text] = [this.#type, this.#text];
    if (text === '') return;
    this.#text = '';
    if (type === 'call-delta') this.#events.push({ type, index: this.#calls - 1, json: text });
    else this.#events.push({ type, text });
  }
}
