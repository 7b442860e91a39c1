/** All stored keys in memory: found by hash at once, forgotten at once, and good for a minute when the store is gone. */

import type { Clock } from '../../base/clock.ts';
import { UnavailableError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { ApiKey, ApiKeyId } from '../../fleet/api-key.ts';
import type { User, UserId } from '../../fleet/user.ts';
import { allApiKeys, countApiKeys, type StoredApiKey, touchApiKeys } from '../../store/api-keys.ts';
import type { Db } from '../../store/tables.ts';
import { listUsers } from '../../store/users.ts';

/** How long known keys serve after the store was first found gone. */
const graceMs = 60_000;
/** How often the store is looked at. */
const refreshMs = 5_000;
/** How often it is written when keys were last used. */
const touchMs = 60_000;
const everybody = { page: 1, perPage: 1_000_000 } as const;

/** A key and whose it is. */
export interface Holder {
  readonly key: ApiKey;
  readonly owner: User;
}

/** What a ring needs. */
export interface KeyRingParts {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
}

/** The stored keys. */
export class KeyRing {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #log: Log;
  #keys = new Map<string, ApiKey>();
  #owners = new Map<UserId, User>();
  #used = new Map<ApiKeyId, number>();
  /** Counts changes made here, so that what was read before one is not taken for news. */
  #changes = 0;
  #lostSinceMs: number | undefined;
  #touchedMs: number;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor({ db, clock, log }: KeyRingParts) {
    this.#db = db;
    this.#clock = clock;
    this.#log = log;
    this.#touchedMs = clock.nowMs();
  }

  /** Is there no key at all? */
  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  /** Whose key has this hash; throws `store_unavailable` once the store has been gone for too long. */
  find(keyHash: string): Holder | undefined {
    if (this.#lostSinceMs !== undefined && this.#clock.nowMs() - this.#lostSinceMs > graceMs)
      throw new UnavailableError('store_unavailable', 'The database with the API keys cannot be reached.');
    const key = this.#keys.get(keyHash);
    const owner = key && this.#owners.get(key.ownerId);
    return key && owner && { key, owner };
  }

  /** Notes that a key is in use. */
  touch(id: ApiKeyId): void {
    this.#used.set(id, this.#clock.unixSeconds());
  }

  /** A key is new. */
  add({ keyHash, key }: StoredApiKey): void {
    this.#changes++;
    this.#keys.set(keyHash, key);
  }

  /** A key is another than it was. */
  replace(key: ApiKey): void {
    this.#changes++;
    for (const [hash, known] of this.#keys)
      if (known.id === key.id && known.revision <= key.revision) this.#keys.set(hash, key);
  }

  /** A key is no more. */
  remove(id: ApiKeyId): void {
    this.#changes++;
    this.#used.delete(id);
    for (const [hash, known] of this.#keys) if (known.id === id) this.#keys.delete(hash);
  }

  /** A user is new, or another than they were. */
  putOwner(user: User): void {
    this.#changes++;
    // Who read the user earlier may come later.
    if ((this.#owners.get(user.id)?.revision ?? 0) <= user.revision) this.#owners.set(user.id, user);
  }

  /** A user is no more, nor are their keys. */
  removeOwner(id: UserId): void {
    this.#changes++;
    this.#owners.delete(id);
    for (const [hash, known] of this.#keys) if (known.ownerId === id) this.#keys.delete(hash);
  }

  /** Reads all keys and goes on to look at the store; rejects if it cannot be read now. */
  async start(): Promise<void> {
    await this.#read();
    this.#schedule();
  }

  /** Looks at the store now: is it there, and does it hold what is known? Changes made here are known already. */
  async refresh(): Promise<void> {
    await this.#look();
    if (this.#clock.nowMs() - this.#touchedMs >= touchMs) await this.#writeUsed();
  }

  /** Stops looking, and writes what is unwritten. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#looking;
    clearTimeout(this.#timer);
    await this.#writeUsed();
  }

  async #look(): Promise<void> {
    try {
      const count = await countApiKeys(this.#db);
      if (count !== this.#keys.size || this.#lostSinceMs !== undefined) await this.#read();
      if (this.#lostSinceMs !== undefined) this.#log.info({}, 'the API keys can be read from the database again');
      this.#lostSinceMs = undefined;
    } catch (thrown) {
      if (this.#lostSinceMs !== undefined) return;
      this.#lostSinceMs = this.#clock.nowMs();
      this.#log.error({ err: thrown }, 'the API keys cannot be read from the database; the known ones serve 60 s more');
    }
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.refresh().then(() => this.#schedule());
    }, refreshMs);
    this.#timer.unref();
  }

  async #read(): Promise<void> {
    const changes = this.#changes;
    const [stored, users] = await Promise.all([allApiKeys(this.#db), listUsers(this.#db, everybody)]);
    // Otherwise a key that was revoked in the meantime would come back.
    if (changes !== this.#changes) return;
    this.#keys = new Map(stored.map(({ keyHash, key }) => [keyHash, key]));
    this.#owners = new Map(users.items.map((user) => [user.id, user]));
  }

  /** A full disk or a lock keeps nobody out: it is tried again a minute later. */
  async #writeUsed(): Promise<void> {
    this.#touchedMs = this.#clock.nowMs();
    const used = this.#used;
    if (used.size === 0) return;
    this.#used = new Map();
    try {
      await touchApiKeys(this.#db, used);
    } catch (thrown) {
      this.#used = new Map([...used, ...this.#used]);
      this.#log.warn({ err: thrown }, 'it could not be written when API keys were last used');
    }
  }
}
