/** Remembers the reasoning of turns that ended in calls, for clients that do not send it back. */

import type { Clock } from '../base/clock.ts';
import type { ChatRequest } from '../chat/request.ts';

/** Bounds of the memory; lengths in UTF-16 units. */
const maxTotalLength = 8_000_000;
const maxEntryLength = 200_000;
const maxAgeMs = 3_600_000;

interface Entry {
  readonly reasoning: string;
  readonly expiresMs: number;
}

/** Whose turn it was, of which model: nothing is shared between them. */
export type TurnOwner = Pick<ChatRequest, 'model' | 'caller'>;

/** Reasoning by the id of a turn's first call; the longest unused goes first when the bound is reached. */
export class ReasoningMemory {
  readonly #clock: Clock;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #length = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  remember(owner: TurnOwner, callId: string, reasoning: string): void {
    if (reasoning === '' || reasoning.length > maxEntryLength) return;
    const key = keyOf(owner, callId);
    this.#forget(key);
    this.#entries.set(key, { reasoning, expiresMs: this.#clock.nowMs() + maxAgeMs });
    this.#length += sizeOf(key, reasoning);
    for (const [oldest] of this.#entries) {
      if (this.#length <= maxTotalLength) break;
      this.#forget(oldest);
    }
  }

  /** The request with the reasoning that its client left out, and whether any was put back. */
  restore(request: ChatRequest): { readonly request: ChatRequest; readonly isRestored: boolean } {
    let isRestored = false;
    const messages = request.messages.map((message) => {
      if (message.role !== 'assistant' || message.reasoning !== undefined || message.calls.length === 0) return message;
      const reasoning = this.#find(
        request,
        message.calls.map(({ id }) => id),
      );
      if (reasoning === undefined) return message;
      isRestored = true;
      return { ...message, reasoning };
    });
    return isRestored ? { request: { ...request, messages }, isRestored } : { request, isRestored };
  }

  #find(owner: TurnOwner, callIds: readonly string[]): string | undefined {
    for (const callId of callIds) {
      const key = keyOf(owner, callId);
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      this.#entries.delete(key);
      if (entry.expiresMs < this.#clock.nowMs()) {
        this.#length -= sizeOf(key, entry.reasoning);
        continue;
      }
      this.#entries.set(key, entry);
      return entry.reasoning;
    }
    return undefined;
  }

  #forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#length -= sizeOf(key, entry.reasoning);
  }
}

function keyOf({ model, caller = '' }: TurnOwner, callId: string): string {
  return JSON.stringify([caller, model, callId]);
}

function sizeOf(key: string, reasoning: string): number {
  return key.length + reasoning.length;
}
