/** One request's way from question to answer; reads like the list admit, route, prompt, guarantee, meter. */

import type { ChatEvent } from '../chat/event.ts';
import type { ChatRequest } from '../chat/request.ts';

/**
 * Answers a request as a stream in the order that `chat/fold.ts` owns. Never throws: every failure is the last
 * event, `error`. Aborting `signal` ends the stream and frees the engine.
 */
export type Complete = (request: ChatRequest, signal: AbortSignal) => AsyncIterable<ChatEvent>;
