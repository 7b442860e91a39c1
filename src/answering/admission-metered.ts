/** Watches an answer go by and settles its ticket, also when it is cut short. */

import type { ChatEvent } from '../chat/event.ts';
import type { Ticket } from './admission.ts';

const charsPerToken = 4;

/**
 * The same events. An answer that ends early (its reader left, or it failed midway) tells no usage: it costs its prompt
 * and what was sent of it, so that leaving just before the end buys nothing; one that never began costs nothing.
 */
export async function* metered(events: AsyncIterable<ChatEvent>, ticket: Ticket): AsyncGenerator<ChatEvent> {
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
      yield event;
    }
  } finally {
    // A piece is a token or more, as engines send them.
    const completionTokens = Math.max(pieces, Math.ceil(chars / charsPerToken));
    if (!isSettled && pieces > 0) ticket.settle({ promptTokens: ticket.promptTokens, completionTokens });
    ticket.release();
  }
}

function textOf(event: ChatEvent): string | undefined {
  if (event.type === 'text-delta' || event.type === 'reasoning-delta') return event.text;
  if (event.type === 'call-start') return event.name;
  return event.type === 'call-delta' ? event.json : undefined;
}
