/** What keys have used by day, month and lifetime: counted in memory, written to the store in batches. */

import type { Clock } from '../base/clock.ts';
import { LimitError } from '../base/errors.ts';
import type { ApiKeyId, KeyLimits } from '../fleet/api-key.ts';
import { addKeyUsage, type KeyUsage, keyUsageIn, usagePeriods } from '../store/key-usage.ts';
import type { Db } from '../store/tables.ts';

/** What a ledger needs. */
export interface LedgerParts {
  readonly db: Db;
  readonly clock: Clock;
}

/** One key: what it used in the periods that matter now, and what running requests may use yet. */
interface Account {
  readonly used: Map<string, number>;
  reserved: number;
}

/** The tokens of all keys. */
export class KeyLedger {
  readonly #db: Db;
  readonly #clock: Clock;
  #accounts = new Map<ApiKeyId, Account>();
  /** Not written yet; merged, so that it is as small as the number of keys in use. */
  #unwritten = new Map<string, KeyUsage>();
  #day = '';

  constructor({ db, clock }: LedgerParts) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Throws `quota_exceeded` if so many tokens more would be too much. */
  check(id: ApiKeyId, limits: KeyLimits, tokens: number): void {
    const now = this.#clock.unixSeconds();
    const { day, month, lifetime } = usagePeriods(now);
    const quotas = [
      { period: day, limit: limits.tokensPerDay, label: 'a day', retryAfter: nextDay(now) - now },
      { period: month, limit: limits.tokensPerMonth, label: 'a month', retryAfter: nextMonth(now) - now },
      { period: lifetime, limit: limits.tokensPerLifetime, label: 'in all', retryAfter: undefined },
    ];
    const account = this.#accounts.get(id);
    for (const { period, limit, label, retryAfter } of quotas) {
      const used = (account?.used.get(period) ?? 0) + (account?.reserved ?? 0);
      if (limit === undefined || used + tokens <= limit) continue;
      const message = `The API key has ${limit} tokens ${label}: ${Math.max(0, limit - used)} are left, and this request may need ${tokens}.`;
      throw new LimitError('quota_exceeded', message, retryAfter === undefined ? {} : { retryAfter });
    }
  }

  /** Sets tokens aside for a request that is let in. */
  reserve(id: ApiKeyId, tokens: number): void {
    this.#account(id).reserved += tokens;
  }

  /** A request is over: it had `reserved` and used `tokens`. */
  settle(id: ApiKeyId, { reserved, tokens }: { readonly reserved: number; readonly tokens: number }): void {
    const account = this.#account(id);
    account.reserved -= reserved;
    for (const period of Object.values(usagePeriods(this.#clock.unixSeconds()))) {
      account.used.set(period, (account.used.get(period) ?? 0) + tokens);
      this.#note({ keyId: id, period, requests: 1, tokens });
    }
  }

  /** Reads what the store knows of today; what is not written yet counts on top. */
  async load(): Promise<void> {
    const periods = usagePeriods(this.#clock.unixSeconds());
    const rows = await keyUsageIn(this.#db, Object.values(periods));
    const busy = [...this.#accounts].filter(([, { reserved }]) => reserved > 0);
    this.#accounts = new Map(busy.map(([id, { reserved }]) => [id, { used: new Map(), reserved }]));
    for (const { keyId, period, tokens } of [...rows, ...this.#unwritten.values()]) {
      const { used } = this.#account(keyId);
      used.set(period, (used.get(period) ?? 0) + tokens);
    }
    this.#day = periods.day;
  }

  /** Writes what is unwritten; on a new day reads anew, which also forgets keys that are gone. */
  async flush(): Promise<void> {
    const additions = this.#unwritten;
    this.#unwritten = new Map();
    try {
      if (additions.size > 0) await addKeyUsage(this.#db, [...additions.values()]);
    } catch (thrown) {
      for (const addition of additions.values()) this.#note(addition);
      throw thrown;
    }
    if (usagePeriods(this.#clock.unixSeconds()).day !== this.#day) await this.load();
  }

  #account(id: ApiKeyId): Account {
    const known = this.#accounts.get(id);
    if (known !== undefined) return known;
    const account = { used: new Map<string, number>(), reserved: 0 };
    this.#accounts.set(id, account);
    return account;
  }

  #note(addition: KeyUsage): void {
    const place = `${addition.keyId} ${addition.period}`;
    const known = this.#unwritten.get(place);
    const requests = addition.requests + (known?.requests ?? 0);
    this.#unwritten.set(place, { ...addition, requests, tokens: addition.tokens + (known?.tokens ?? 0) });
  }
}

/** Unix seconds at which the next day begins, by UTC. */
function nextDay(now: number): number {
  const date = new Date(now * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 1) / 1000;
}

/** Unix seconds at which the next month begins, by UTC. */
function nextMonth(now: number): number {
  const date = new Date(now * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / 1000;
}
