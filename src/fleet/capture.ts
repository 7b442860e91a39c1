/** What is kept of the requests of a key whose owner wants to see them whole. */

import { type Static, Type } from 'typebox';
import type { ApiKeyId } from './api-key.ts';

/** Names one captured request. */
export type CaptureId = string & { readonly brand: 'CaptureId' };

/** A path into a request's body (`request.messages[*].content`) or into calls' arguments (`arguments.customer.iban`). */
const maskPath = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^(?:request|arguments)(?:\\.[^.\\[\\]\\s*]+|\\.\\*|\\[(?:\\d{1,6}|\\*)\\])*$',
});

/** That requests of a key are kept whole; what the paths lead to is not. */
export const captureSettingsSchema = Type.Object(
  { mask: Type.Optional(Type.Array(maskPath, { maxItems: 50, uniqueItems: true })) },
  { additionalProperties: false },
);

/** How the requests of a key are kept. */
export type CaptureSettings = Static<typeof captureSettingsSchema>;

/** One captured request, without its transcript. */
export interface Capture {
  readonly id: CaptureId;
  readonly keyId: ApiKeyId;
  /** Unix milliseconds at which it began. */
  readonly atMs: number;
  /** The model as the request named it. */
  readonly model: string;
  /** A finish reason, an error code, or `abandoned`. */
  readonly outcome: string;
  readonly durationMs: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Of the transcript as JSON. */
  readonly sizeBytes: number;
}

/** A captured request with its transcript, as JSON text. */
export interface CapturedRequest {
  readonly capture: Capture;
  readonly transcript: string;
}
