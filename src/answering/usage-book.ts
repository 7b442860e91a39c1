/** What was used since it was last written: counted in memory, written in batches of which none counts twice. */

import type { Clock } from '../base/clock.ts';
import type { ErrorKind } from '../base/errors.ts';
import {
  bucketOf,
  failureCounters,
  hourSeconds,
  keyless,
  noUsageCounts,
  type UsageAddition,
  type UsageCounter,
  type UsageMeasure,
  type UsageOwner,
} from '../fleet/usage.ts';
import type { Db } from '../store/tables.ts';
import { addUsage, type UsageBatch } from '../store/usage.ts';
import type { AnswerSummary } from './usage-watch.ts';

/** What a book needs. */
export interface UsageBookParts {
  readonly clock: Clock;
  /** A name that no other batch has. */
  readonly newBatchId: () => string;
}

interface OpenRow extends UsageAddition {
  readonly counts: Record<UsageCounter, number>;
  readonly times: Readonly<Record<UsageMeasure, Map<number, number>>>;
}

/** While the database is away, so many rows wait; what does not fit is counted, but not told apart. */
const maxRows = 5_000;

/** The book. */
export class UsageBook {
  readonly #parts: UsageBookParts;
  #open = new Map<string, OpenRow>();
  /** Being written, or to be written again: it must not grow meanwhile. */
  #batch: UsageBatch | undefined;

  constructor(parts: UsageBookParts) {
    this.#parts = parts;
  }

  /** Counts an answer. */
  add(owner: UsageOwner, { outcome, failure, usage, calls, ...times }: AnswerSummary): void {
    const row = this.#row(owner);
    const { counts } = row;
    counts.requests++;
    if (failure !== undefined) counts[failureCounters[failure]]++;
    if (outcome === 'abandoned') counts.abandoned++;
    counts.promptTokens += usage.promptTokens;
    counts.completionTokens += usage.completionTokens;
    counts.cachedTokens += usage.cachedTokens;
    counts.callsValid += calls.valid;
    counts.callsMended += calls.mended;
    counts.callsCut += calls.cut;
    counts.callsFailed += calls.failed;
    note(row.times.queue, times.queueMs);
    note(row.times.firstToken, times.firstTokenMs);
    note(row.times.total, times.totalMs);
  }

  /** Counts a request that was not let in. */
  refuse(owner: UsageOwner, failure: ErrorKind): void {
    const { counts } = this.#row(owner);
    counts.requests++;
    counts[failureCounters[failure]]++;
  }

  /** Writes what is unwritten; what cannot be written is kept, and written next time. One call at a time. */
  async flush(db: Db): Promise<void> {
    while (this.#batch !== undefined || this.#open.size > 0) {
      this.#batch ??= this.#close();
      await addUsage(db, this.#batch);
      this.#batch = undefined;
    }
  }

  /** Gives up on a batch that the store will never take. */
  dropBatch(): void {
    this.#batch = undefined;
  }

  #close(): UsageBatch {
    const batch = { id: this.#parts.newBatchId(), additions: [...this.#open.values()] };
    this.#open = new Map();
    return batch;
  }

  #row(owner: UsageOwner): OpenRow {
    const now = this.#parts.clock.unixSeconds();
    const startAt = now - (now % hourSeconds);
    const known = this.#open.get(nameOf(owner, startAt));
    if (known !== undefined) return known;
    const isFull = this.#open.size >= maxRows && owner.keyId !== keyless.rest;
    if (isFull) return this.#row({ keyId: keyless.rest, userId: '', model: '' });
    const times = { queue: new Map(), firstToken: new Map(), total: new Map() };
    const row = { ...owner, startAt, counts: { ...noUsageCounts }, times };
    this.#open.set(nameOf(owner, startAt), row);
    return row;
  }
}

function nameOf({ keyId, userId, model }: UsageOwner, startAt: number): string {
  return [startAt, keyId, userId, model].join('\n');
}

function note(counts: Map<number, number>, timeMs: number | undefined): void {
  if (timeMs === undefined) return;
  const bucket = bucketOf(timeMs);
  counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
}
