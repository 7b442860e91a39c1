/** Lets requests in or tells them to wait: the limits of keys and of deployments. */

import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Usage } from '../chat/event.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { ApiKey } from '../fleet/api-key.ts';
import type { Caller } from '../fleet/caller.ts';
import type { Deployment } from '../fleet/deployment.ts';
import type { Db } from '../store/tables.ts';
import { estimateTokens, type TokenEstimate } from './admission-estimate.ts';
import { Gauge, type GaugeLimits } from './admission-gauge.ts';
import { KeyLedger } from './admission-ledger.ts';

/** One request that was let in; `release` is called however it ends, and counts once. */
export interface Ticket {
  /** `x-ratelimit-*`, as OpenAI spells them; empty where nothing is limited. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the prompt may cost; known to those who are limited by tokens. */
  readonly promptTokens: number;
  /** What it really cost. */
  settle(usage: Pick<Usage, 'promptTokens' | 'completionTokens'>): void;
  /** It is over; what was set aside and not settled is given back. */
  release(): void;
}

/** Keeps count of who asks for how much. */
export interface Admission {
  /** Throws LimitError (`rate_limited`, `quota_exceeded`). */
  admit(caller: Caller, deployment: Deployment, request: ChatRequest): Ticket;
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
    admit: (caller, deployment, request) => desk.admit(caller, deployment, request),
    headers: (caller, deployment) => desk.headers(caller, deployment),
    async close() {
      ending.abort();
      await ended;
      await write(ledger, log);
    },
  };
}

/** One that a limit is set for. */
interface Limited {
  readonly id: string;
  readonly limits: GaugeLimits;
  readonly whose: string;
  /** Where tokens are limited by the day, month or lifetime too. */
  readonly key?: ApiKey;
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
  admit(caller: Caller, deployment: Deployment, request: ChatRequest): Ticket {
    const nowMs = this.#clock.nowMs();
    const limited = limitedBy(caller, deployment);
    const estimate = estimateFor(limited, request);
    for (const { id, limits, whose, key } of limited) {
      this.#gauge(id).check(limits, estimate.total, { whose, nowMs });
      if (key !== undefined) this.#ledger.check(key.id, key.limits, estimate.total);
    }
    const giveBacks = limited.map((one) => this.#take(one, estimate.total, nowMs));
    return ticketOf({ headers: this.headers(caller, deployment), estimate, giveBacks });
  }

  headers(caller: Caller, deployment: Deployment): Record<string, string> {
    const nowMs = this.#clock.nowMs();
    // The key's own limits come last and win: about them its holder can do something.
    const limited = limitedBy(caller, deployment).toReversed();
    const entries = limited.flatMap(({ id, limits }) => Object.entries(this.#gauge(id).headers(limits, nowMs)));
    return Object.fromEntries(entries);
  }

  /** Forgets who has not asked for a minute. */
  sweep(): void {
    const nowMs = this.#clock.nowMs();
    for (const [id, gauge] of this.#gauges) if (gauge.isIdle(nowMs)) this.#gauges.delete(id);
  }

  /** The answer gives back what was taken, but for the tokens it is told. */
  #take({ id, key }: Limited, reserved: number, nowMs: number): (tokens: number) => void {
    const gauge = this.#gauge(id);
    const taken = gauge.take(reserved, nowMs);
    if (key !== undefined) this.#ledger.reserve(key.id, reserved);
    return (tokens) => {
      gauge.giveBack(taken, tokens, this.#clock.nowMs());
      if (key !== undefined) this.#ledger.settle(key.id, { reserved, tokens });
    };
  }

  #gauge(id: string): Gauge {
    const known = this.#gauges.get(id);
    if (known !== undefined) return known;
    const gauge = new Gauge();
    this.#gauges.set(id, gauge);
    return gauge;
  }
}

/** The caller's key first, then the deployment. */
function limitedBy(caller: Caller, deployment: Deployment): readonly Limited[] {
  const { id, limits, name } = deployment;
  const shared = { id, limits, whose: `The deployment '${name}'` };
  if (caller.kind !== 'key') return [shared];
  const { key } = caller;
  return [{ id: key.id, limits: key.limits, whose: 'The API key', key }, shared];
}

const tokenLimits = ['tokensPerMinute', 'tokensPerDay', 'tokensPerMonth', 'tokensPerLifetime'] as const;

/** To count a long prompt's tokens is work; it is done where somebody limits them. */
function estimateFor(limited: readonly Limited[], request: ChatRequest): TokenEstimate {
  const isNeeded = limited.some(({ key }) => tokenLimits.some((name) => key?.limits[name] !== undefined));
  return isNeeded ? estimateTokens(request) : { prompt: 0, total: 0 };
}

interface TicketParts {
  readonly headers: Readonly<Record<string, string>>;
  readonly estimate: TokenEstimate;
  readonly giveBacks: readonly ((tokens: number) => void)[];
}

function ticketOf({ headers, estimate, giveBacks }: TicketParts): Ticket {
  let tokens = 0;
  let isOver = false;
  return {
    headers,
    promptTokens: estimate.prompt,
    settle({ promptTokens, completionTokens }) {
      tokens = promptTokens + completionTokens;
    },
    release() {
      if (isOver) return;
      isOver = true;
      for (const giveBack of giveBacks) giveBack(tokens);
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
