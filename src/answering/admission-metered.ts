/** Lets an answer go by and settles its ticket, also when it is cut short; who else looks at it is told on the way. */

import type { ChatEvent } from '../chat/event.ts';
import type { Ticket } from './admission.ts';

const charsPerToken = 4;

/** Looks at an answer. One more generator around it would cost more than looking does. */
export interface Onlooker {
  see(event: ChatEvent): void;
  /** It is over, and settled. */
  end(): void;
}

/**
 * The same events. An answer that ends early (its reader left, or it failed midway) tells no usage: it costs its prompt
 * and what was sent of it, so that leaving just before the end buys nothing; one that never began costs nothing.
 */
export async function* metered(
  events: AsyncIterable<ChatEvent>,
  ticket: Pick<Ticket, 'promptTokens' | 'settle' | 'release'>,
  onlooker?: Onlooker,
): AsyncGenerator<ChatEvent, void, undefined> {
  let pieces = 0;
  let chars = 0;
  let isSettled = false;
  try {
    for await (const event of events) {
      const text = textOf(event);
      if (text !== undefined) pieces++;
      chars += text?.length ?? 0;
      if (event.type === 'usage') {
        ticket.settle(event.usage);
        isSettled = true;
      }
      onlooker?.see(event);
      yield event;
    }
  } finally {
    // A piece is a token or more, as engines send them.
    const completionTokens = Math.max(pieces, Math.ceil(chars / charsPerToken));
    if (!isSettled && pieces > 0) ticket.settle({ promptTokens: ticket.promptTokens, completionTokens });
    ticket.release();
    onlooker?.end();
  }
}

function textOf(event: ChatEvent): string | undefined {
  if (event.type === 'text-delta' || event.type === 'reasoning-delta') return event.text;
  if (event.type === 'call-start') return event.name;
  return event.type === 'call-delta' ? event.json : undefined;
}
