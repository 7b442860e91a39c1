/** Keeps requests whole for those keys whose owner, or an administrator, switched it on. */

import type { Clock, RandomHex } from '../base/clock.ts';
import type { JsonObject } from '../base/json.ts';
import type { ApiKey } from '../fleet/api-key.ts';
import type { CapturedRequest, CaptureId } from '../fleet/capture.ts';
import { type CaptureLimits, insertCaptures } from '../store/captures.ts';
import type { Db } from '../store/tables.ts';
import { Mask } from './capture-mask.ts';
import { Transcript } from './capture-transcript.ts';
import type { AnswerSummary } from './usage-watch.ts';

/** What a desk needs. */
export interface CaptureDeskParts {
  readonly clock: Clock;
  readonly randomHex: RandomHex;
}

/** A request that is being captured. */
export interface OpenCapture {
  readonly transcript: Transcript;
  /** What there is so far, masked as it will be kept. */
  shown(): JsonObject;
  /** It is over. */
  end(summary: AnswerSummary): void;
}

/** What is kept of each key. */
export const captureLimits: CaptureLimits = { maxRequests: 1_000, maxBytes: 64 * 2 ** 20 };

/** Requests that are captured at once; each may take a megabyte. Further ones pass uncaptured. */
const maxOpen = 64;
/** Characters of transcripts that wait for the database; while it is away, the oldest go. */
const maxWaitingChars = 32_000_000;

/** The desk. */
export class CaptureDesk {
  readonly #parts: CaptureDeskParts;
  #waiting: CapturedRequest[] = [];
  #open = 0;

  constructor(parts: CaptureDeskParts) {
    this.#parts = parts;
  }

  /** Begins to capture a request of a key; undefined = it is not to be captured. */
  begin({ id: keyId, capture }: ApiKey, { model, body }: { readonly model: string; readonly body: unknown }) {
    if (capture === undefined || this.#open >= maxOpen) return undefined;
    const { clock, randomHex } = this.#parts;
    const atMs = clock.unixMs();
    const transcript = new Transcript(body, clock.nowMs);
    const mask = () => new Mask(capture.mask ?? []);
    this.#open++;
    const end = (summary: AnswerSummary): void => {
      this.#open--;
      const { outcome, totalMs, usage } = summary;
      const text = transcript.close(mask());
      const facts = { id: captureId(randomHex), keyId, atMs, model, outcome, durationMs: Math.round(totalMs) };
      const { promptTokens, completionTokens } = usage;
      const sizeBytes = Buffer.byteLength(text);
      this.#waiting.push({ capture: { ...facts, promptTokens, completionTokens, sizeBytes }, transcript: text });
      this.#dropTooMany();
    };
    return { transcript, shown: () => JSON.parse(transcript.close(mask())), end } satisfies OpenCapture;
  }

  /** Writes what waits; what cannot be written goes on waiting. One call at a time. */
  async flush(db: Db): Promise<void> {
    const captured = this.#waiting;
    if (captured.length === 0) return;
    this.#waiting = [];
    try {
      await insertCaptures(db, captured, captureLimits);
    } catch (thrown) {
      this.#waiting = [...captured, ...this.#waiting];
      this.#dropTooMany();
      throw thrown;
    }
  }

  #dropTooMany(): void {
    let chars = this.#waiting.reduce((sum, { transcript }) => sum + transcript.length, 0);
    while (chars > maxWaitingChars) chars -= this.#waiting.shift()?.transcript.length ?? chars;
  }
}

function captureId(randomHex: RandomHex): CaptureId {
  return `cap_${randomHex(8)}` as CaptureId;
}
