/** What is kept of the requests of a key whose owner wants to see them whole. */

import type { ApiKeyId } from './api-key.ts';

/** Names one captured request. */
export type CaptureId = string & { readonly brand: 'CaptureId' };

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
