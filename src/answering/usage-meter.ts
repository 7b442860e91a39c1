/** The meter: puts each request into the books of use, the ledger of clients and, where that is wanted, a capture. */

import type { Clock, RandomHex } from '../base/clock.ts';
import { type AppError, isAppError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { Log } from '../base/log.ts';
import type { ChatEvent } from '../chat/event.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { Trace } from '../chat/trace.ts';
import type { Caller } from '../fleet/caller.ts';
import type { ClientRecord } from '../fleet/client.ts';
import { keyless, type UsageOwner } from '../fleet/usage.ts';
import type { Db } from '../store/tables.ts';
import { trimUsage } from '../store/usage.ts';
import type { Ticket } from './admission.ts';
import { metered } from './admission-metered.ts';
import { CaptureDesk, type OpenCapture } from './capture.ts';
import { ClientLedger, deviationOf } from './ledger.ts';
import { clientName } from './ledger-client-name.ts';
import { UsageBook } from './usage-book.ts';
import { type AnswerSummary, AnswerWatch } from './usage-watch.ts';

/** Who asks, by which program. */
export interface Visitor {
  readonly caller: Caller;
  readonly userAgent: string | undefined;
}

/** A request that was let in. */
export interface Visit extends Visitor {
  readonly request: Pick<ChatRequest, 'model' | 'warnings' | 'raw'>;
  /** Spellings of the request that were understood although they are not the protocol's own. */
  readonly dialects: readonly string[];
  /** As it came. */
  readonly body: unknown;
  readonly ticket: Ticket;
}

/** One request under the meter. */
export interface Metering {
  /** Where the request is captured. */
  readonly trace?: Trace;
  /** Where the request is captured: what there is so far, masked as it will be kept. */
  readonly shown?: () => JsonObject;
  /** The same events; when they end, they are counted and the visit's ticket is settled and released. */
  watch(events: AsyncIterable<ChatEvent>): AsyncIterable<ChatEvent>;
}

/** Counts requests. */
export interface Meter {
  begin(visit: Visit): Metering;
  /** A request that was not let in; `model` as it named it, where it was understood. */
  refused(visitor: Visitor, error: AppError, model?: string): void;
  /** Whoever was seen last first. */
  readonly clients: readonly ClientRecord[];
  /** Writes what is in memory, as far as the store can take it; never rejects. */
  settle(): Promise<void>;
  /** Writes for the last time, and stops. */
  close(): Promise<void>;
}

/** What a meter needs of the world. */
export interface MeterWorld {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomHex: RandomHex;
  /** The name of the deployment that a request names. */
  readonly deploymentOf: (model: string) => string | undefined;
  /** Is told of each answer at its end. */
  readonly tell?: (request: Visit['request'], summary: AnswerSummary) => void;
}

/** How often what was counted is written: no more than this is lost when the server is killed. */
const flushMs = 10_000;

/** Begins to count; rejects if the store cannot be read. */
export async function createMeter(world: MeterWorld): Promise<Meter> {
  const desk = new MeterDesk(world);
  await desk.open();
  return desk;
}

class MeterDesk implements Meter {
  readonly #world: MeterWorld;
  readonly #book: UsageBook;
  readonly #ledger: ClientLedger;
  readonly #captures: CaptureDesk;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** The time after the present one, once somebody waits for it. */
  #next: Promise<void> | undefined;
  #trimmedDay = '';

  constructor(world: MeterWorld) {
    const { clock, randomHex } = world;
    this.#world = world;
    this.#book = new UsageBook({ clock, newBatchId: () => randomHex(16) });
    this.#ledger = new ClientLedger(clock);
    this.#captures = new CaptureDesk({ clock, randomHex });
  }

  get clients(): readonly ClientRecord[] {
    return this.#ledger.clients;
  }

  async open(): Promise<void> {
    await this.#ledger.load(this.#world.db);
    this.#timer = setInterval(() => void this.settle(), flushMs).unref();
  }

  begin(visit: Visit): Metering {
    const { caller, request, ticket, body } = visit;
    const watch = new AnswerWatch(this.#world.clock.nowMs);
    const capture =
      caller.kind === 'key' ? this.#captures.begin(caller.key, { model: request.model, body }) : undefined;
    const settle: Ticket['settle'] = (usage) => {
      if (!('cachedTokens' in usage)) watch.settle(usage);
      ticket.settle(usage);
    };
    return {
      ...(capture && { trace: capture.transcript, shown: capture.shown }),
      watch: (events) =>
        metered(
          events,
          { ...ticket, settle },
          { see: (event) => watch.see(event), end: () => this.#end(visit, watch.summary(), capture) },
        ),
    };
  }

  refused({ caller, userAgent }: Visitor, error: AppError, model = ''): void {
    // Whoever may not use a model must not learn from the books that there is one of that name.
    const deployment = error.kind === 'limit' ? (this.#world.deploymentOf(model) ?? '') : '';
    this.#book.refuse(ownerOf(caller, deployment), error.kind);
    this.#ledger.note(clientName(userAgent), new Set());
  }

  /** All who come while something is written wait for one more time: for what was counted until they came. */
  settle(): Promise<void> {
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined;
      this.#writing = this.#write();
      return this.#writing;
    });
    return this.#next;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.settle();
  }

  #end(
    { caller, userAgent, request, dialects }: Visit,
    summary: AnswerSummary,
    capture: OpenCapture | undefined,
  ): void {
    const { deploymentOf, tell, log } = this.#world;
    const model = summary.deployment ?? deploymentOf(request.model) ?? '';
    this.#book.add(ownerOf(caller, model), summary);
    const deviations = [...request.warnings, ...summary.warnings].map(deviationOf);
    this.#ledger.note(clientName(userAgent), new Set([...dialects, ...deviations]));
    try {
      capture?.end(summary);
      tell?.(request, summary);
    } catch (thrown) {
      // The answer is out by now, and was good.
      log.error({ err: thrown }, 'an answer could not be captured or told to telemetry');
    }
  }

  /** While the store is away, everything waits in memory, bounded. */
  async #write(): Promise<void> {
    const { db, log } = this.#world;
    for (const keep of [this.#writeBook, () => this.#ledger.flush(db), () => this.#captures.flush(db), this.#trim])
      try {
        await keep();
      } catch (thrown) {
        log.warn({ err: thrown }, 'what was used could not be written; it is kept and written later');
      }
  }

  readonly #writeBook = async (): Promise<void> => {
    try {
      await this.#book.flush(this.#world.db);
    } catch (thrown) {
      const isAway = isAppError(thrown) && thrown.kind === 'unavailable';
      // Otherwise one row that no store takes would stop the books for good.
      if (!isAway) this.#book.dropBatch();
      throw thrown;
    }
  };

  readonly #trim = async (): Promise<void> => {
    const { db, clock } = this.#world;
    const now = clock.unixSeconds();
    const day = new Date(now * 1_000).toISOString().slice(0, 10);
    if (day === this.#trimmedDay) return;
    await trimUsage(db, now);
    this.#trimmedDay = day;
  };
}

/** Who pays, so to speak. */
function ownerOf(caller: Caller, model: string): UsageOwner {
  switch (caller.kind) {
    case 'key':
      return { keyId: caller.key.id, userId: caller.owner.id, model };
    case 'session':
      return { keyId: keyless.session, userId: caller.user.id, model };
    case 'flag':
      return { keyId: keyless.flag, userId: '', model };
    case 'local':
      return { keyId: keyless.local, userId: '', model };
  }
}
