/** A wire protocol: JSON on one side, `chat/` on the other; pure, knows no HTTP. */

import type { AppError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { ChatEvent } from '../chat/event.ts';
import type { FoldedAnswer } from '../chat/fold.ts';
import type { ChatRequest, GuaranteeLevel } from '../chat/request.ts';

/** What encoding an answer needs to remember of its request. */
export interface Reply {
  readonly stream: boolean;
  /** The model name as the client wrote it. */
  readonly model: string;
  /** Unix seconds. */
  readonly created: number;
  readonly includeUsage: boolean;
  /** The first seed's extra fields (`request_id`, `message`, `output`): its list dialect was used. */
  readonly envelope: boolean;
  /** The client asked for the `aimindserve` report. */
  readonly report: boolean;
  /** The tools came as `functions`, so that the call goes out as `function_call`. */
  readonly functionCall?: true;
  /** Texts that stand before each choice, where the client wants its prompts back. */
  readonly echo?: readonly string[];
}

/** What decoding needs besides the body. */
export interface DecodeContext {
  /** Unix seconds. */
  readonly created: number;
  /** From the header `X-Aimindserve-Report`: `1`, or `raw` for the unparsed text too. */
  readonly report: boolean;
  readonly raw?: true;
  /** From the header `X-Aimindserve-Guarantee`; the body's own field goes first. */
  readonly guarantee?: GuaranteeLevel;
}

/** A decoded body. */
export interface Decoded {
  readonly request: ChatRequest;
  readonly reply: Reply;
}

/** Turns the events of one answer into frames; one per stream. */
export interface FrameEncoder {
  /** The SSE text for an event; '' where the protocol says nothing. An `error` event ends the stream. */
  encode(event: ChatEvent): string;
  /** What closes a stream that ended without an error. */
  end(): string;
}

/** One protocol. */
export interface Protocol {
  readonly path: string;
  /** Throws RequestError with the path in the caller's dialect. */
  decode(body: unknown, context: DecodeContext): Decoded;
  frames(reply: Reply): FrameEncoder;
  body(answer: FoldedAnswer, reply: Reply): JsonObject;
  failure(error: AppError): JsonObject;
}
