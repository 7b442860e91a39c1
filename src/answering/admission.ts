/** Lets requests in or tells them to wait: the limits of keys and of deployments. */

import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { type AppError, Bug, toAppError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Usage } from '../chat/event.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { ApiKey } from '../fleet/api-key.ts';
import type { Caller } from '../fleet/caller.ts';
import type { Deployment, DeploymentId } from '../fleet/deployment.ts';
import type { Db } from '../store/tables.ts';
import { estimateTokens, type TokenEstimate } from './admission-estimate.ts';
import { Gauge } from './admission-gauge.ts';
import { KeyLedger } from './admission-ledger.ts';
import { soonerOf } from './sooner-refusal.ts';

/** One request that was let in; `release` is called however it ends, and counts once. */
export interface Ticket {
  /** `x-ratelimit-*`, as OpenAI spells them; empty where nothing is limited. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the prompt may cost; known to those who are limited by tokens. */
  readonly promptTokens: number;
  /** This deployment is asked now: from here on its limits count, and no other's; throws LimitError where they are reached. */
  move(deployment: Deployment): void;
  /** What it really cost. */
  settle(usage: Pick<Usage, 'promptTokens' | 'completionTokens'>): void;
  /** It is over; what was set aside and not settled is given back. */
  release(): void;
}

/** Keeps count of who asks for how much. */
export interface Admission {
  /**
   * Lets a request in at the first of these deployments whose limits allow it; throws LimitError (`rate_limited`,
   * `quota_exceeded`) where the caller's own do not, or none of them does.
   */
  admit(caller: Caller, deployments: readonly Deployment[], request: ChatRequest): Ticket;
  /** What a refused caller is told of their limits. */
  headers(caller: Caller, deployment: Deployment): Readonly<Record<string, string>>;
  /** Writes the counters, and stops. */
  close(): Promise<void>;
}

/** What admission needs of the world. */
export interface AdmissionWorld {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often counters are written. */
const flushMs = 10_000;

/** Begins to count, with what the store knows; rejects if it cannot be read. */
export async function createAdmission(world: AdmissionWorld): Promise<Admission> {
  const ledger = new KeyLedger(world);
  await ledger.load();
  const desk = new AdmissionDesk(ledger, world.clock);
  const ending = new AbortController();
  const { log } = world;
  const ended = keepWriting({ desk, ledger, log, signal: ending.signal });
  return {
    admit: (caller, deployments, request) => desk.admit(caller, deployments, request),
    headers: (caller, deployment) => desk.headers(caller, deployment),
    async close() {
      ending.abort();
      await ended;
      await write(ledger, log);
    },
  };
}

/** A request that is under way at a deployment. */
interface Seat {
  readonly id: DeploymentId;
  leave(): void;
}

/** The gauges of keys and deployments. */
class AdmissionDesk {
  readonly #ledger: KeyLedger;
  readonly #clock: Clock;
  readonly #gauges = new Map<string, Gauge>();

  constructor(ledger: KeyLedger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** All checks first, then all counts: nothing is taken by a request that is refused. */
  admit(caller: Caller, deployments: readonly Deployment[], request: ChatRequest): Ticket {
    const nowMs = this.#clock.nowMs();
    const key = caller.kind === 'key' ? caller.key : undefined;
    const estimate = estimateFor(key, request);
    if (key !== undefined) this.#checkKey(key, estimate.total, nowMs);
    const deployment = this.#firstOpen(deployments, nowMs);
    const payKey = key && this.#takeKey(key, estimate.total, nowMs);
    let seat = this.#takeSeat(deployment, nowMs);
    const headers = this.headers(caller, deployment);
    return ticketOf({
      headers,
      estimate,
      move: (next) => {
        if (seat.id === next.id) return;
        const movedMs = this.#clock.nowMs();
        this.#checkDeployment(next, movedMs);
        seat.leave();
        seat = this.#takeSeat(next, movedMs);
      },
      giveBack: (tokens) => {
        payKey?.(tokens);
        seat.leave();
      },
    });
  }

  headers(caller: Caller, { id, limits }: Deployment): Record<string, string> {
    const nowMs = this.#clock.nowMs();
    const shared = this.#gauge(id).headers(limits, nowMs);
    // The key's own limits win: about them its holder can do something.
    return caller.kind === 'key'
      ? { ...shared, ...this.#gauge(caller.key.id).headers(caller.key.limits, nowMs) }
      : shared;
  }

  /** Forgets who has not asked for a minute. */
  sweep(): void {
    const nowMs = this.#clock.nowMs();
    for (const [id, gauge] of this.#gauges) if (gauge.isIdle(nowMs)) this.#gauges.delete(id);
  }

  #checkKey({ id, limits }: ApiKey, tokens: number, nowMs: number): void {
    this.#gauge(id).check(limits, tokens, { whose: 'The API key', nowMs });
    this.#ledger.check(id, limits, tokens);
  }

  #checkDeployment({ id, limits, name }: Deployment, nowMs: number): void {
    this.#gauge(id).check(limits, 0, { whose: `The deployment '${name}'`, nowMs });
  }

  /** Where all refuse, it is told of the one that may be asked again first. */
  #firstOpen(deployments: readonly Deployment[], nowMs: number): Deployment {
    let refusal: AppError | undefined;
    for (const deployment of deployments)
      try {
        this.#checkDeployment(deployment, nowMs);
        return deployment;
      } catch (thrown) {
        refusal = soonerOf(refusal, toAppError(thrown));
      }
    throw refusal ?? new Bug('a request was let in to no deployment');
  }

  /** The answer gives back what was taken, but for the tokens it is told. */
  #takeKey({ id }: ApiKey, reserved: number, nowMs: number): (tokens: number) => void {
    const gauge = this.#gauge(id);
    const taken = gauge.take(reserved, nowMs);
    this.#ledger.reserve(id, reserved);
    return (tokens) => {
      gauge.giveBack(taken, tokens, this.#clock.nowMs());
      this.#ledger.settle(id, { reserved, tokens });
    };
  }

  #takeSeat({ id }: Deployment, nowMs: number): Seat {
    const gauge = this.#gauge(id);
    const taken = gauge.take(0, nowMs);
    return { id, leave: () => gauge.giveBack(taken, 0, this.#clock.nowMs()) };
  }

  #gauge(id: string): Gauge {
    const known = this.#gauges.get(id);
    if (known !== undefined) return known;
    const gauge = new Gauge();
    this.#gauges.set(id, gauge);
    return gauge;
  }
}

const tokenLimits = ['tokensPerMinute', 'tokensPerDay', 'tokensPerMonth', 'tokensPerLifetime'] as const;

/** To count a long prompt's tokens is work; it is done where somebody limits them. */
function estimateFor(key: ApiKey | undefined, request: ChatRequest): TokenEstimate {
  const isNeeded = tokenLimits.some((name) => key?.limits[name] !== undefined);
  return isNeeded ? estimateTokens(request) : { prompt: 0, total: 0 };
}

interface TicketParts {
  readonly headers: Readonly<Record<string, string>>;
  readonly estimate: TokenEstimate;
  readonly move: Ticket['move'];
  readonly giveBack: (tokens: number) => void;
}

function ticketOf({ headers, estimate, move, giveBack }: TicketParts): Ticket {
  let tokens = 0;
  let isOver = false;
  return {
    headers,
    promptTokens: estimate.prompt,
    move(deployment) {
      if (!isOver) move(deployment);
    },
    settle({ promptTokens, completionTokens }) {
      tokens = promptTokens + completionTokens;
    },
    release() {
      if (isOver) return;
      isOver = true;
      giveBack(tokens);
    },
  };
}

interface Writing {
  readonly desk: AdmissionDesk;
  readonly ledger: KeyLedger;
  readonly log: Log;
  readonly signal: AbortSignal;
}

async function keepWriting({ desk, ledger, log, signal }: Writing): Promise<void> {
  while (await passed(flushMs, signal)) {
    desk.sweep();
    await write(ledger, log);
  }
}

/** While the store is away, the counters wait in memory. */
async function write(ledger: KeyLedger, log: Log): Promise<void> {
  try {
    await ledger.flush();
  } catch (thrown) {
    log.warn({ err: thrown }, 'the counters of API keys could not be written; they are kept and written later');
  }
}

/** False = it was cut short. */
function passed(ms: number, signal: AbortSignal): Promise<boolean> {
  return setTimeout(ms, true, { signal, ref: false }).catch(() => false);
}
