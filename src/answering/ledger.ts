/** Which programs ask, and in what they deviate from the protocol: in memory, and written beside the books of use. */

import type { Clock } from '../base/clock.ts';
import type { Warning } from '../chat/request.ts';
import type { ClientRecord } from '../fleet/client.ts';
import { allClients, saveClients } from '../store/client-ledger.ts';
import type { Db } from '../store/tables.ts';

interface Entry extends ClientRecord {
  requests: number;
  lastSeenAt: number;
  readonly deviations: Map<string, number>;
}

/** Names are the clients' to choose: beyond so many, whoever was not seen for longest is forgotten. */
const maxClients = 500;
/** Deviations of one client; names of fields are its own to choose. */
const maxDeviations = 64;
const maxNameChars = 80;

/** The clients. */
export class ClientLedger {
  readonly #clock: Clock;
  /** The one seen last stands last. */
  readonly #entries = new Map<string, Entry>();
  readonly #changed = new Set<string>();
  readonly #forgotten = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All that are known, whoever was seen last first. */
  get clients(): readonly ClientRecord[] {
    return [...this.#entries.values()].reverse();
  }

  /** Reads what earlier servers knew. */
  async load(db: Db): Promise<void> {
    for (const { deviations, ...facts } of [...(await allClients(db))].reverse())
      this.#entries.set(facts.name, { ...facts, deviations: new Map(deviations) });
  }

  /** Notes a request and what was adapted for it. */
  note(name: string, deviations: ReadonlySet<string>): void {
    const entry = this.#entry(name);
    entry.requests++;
    entry.lastSeenAt = this.#clock.unixSeconds();
    for (const deviation of deviations) {
      const text = deviation.slice(0, maxNameChars);
      if (entry.deviations.size < maxDeviations || entry.deviations.has(text))
        entry.deviations.set(text, (entry.deviations.get(text) ?? 0) + 1);
    }
    this.#changed.add(name);
  }

  /** Writes what changed; one call at a time. */
  async flush(db: Db): Promise<void> {
    const changed = [...this.#changed];
    const forgotten = [...this.#forgotten];
    if (changed.length === 0 && forgotten.length === 0) return;
    const known = changed.flatMap((name) => this.#entries.get(name) ?? []);
    this.#changed.clear();
    this.#forgotten.clear();
    try {
      await saveClients(db, known, forgotten);
    } catch (thrown) {
      // Whole rows are written, so that nothing counts twice.
      for (const name of changed) if (this.#entries.has(name)) this.#changed.add(name);
      for (const name of forgotten) if (!this.#entries.has(name)) this.#forgotten.add(name);
      throw thrown;
    }
  }

  #entry(name: string): Entry {
    const now = this.#clock.unixSeconds();
    const known = this.#entries.get(name);
    const entry = known ?? { name, requests: 0, firstSeenAt: now, lastSeenAt: now, deviations: new Map() };
    this.#entries.delete(name);
    if (known === undefined && this.#entries.size >= maxClients) this.#forgetOldest();
    this.#entries.set(name, entry);
    this.#forgotten.delete(name);
    return entry;
  }

  #forgetOldest(): void {
    const [oldest] = this.#entries.keys();
    if (oldest === undefined) return;
    this.#entries.delete(oldest);
    this.#changed.delete(oldest);
    this.#forgotten.add(oldest);
  }
}

/** What a warning tells of a client: for ignored fields which one, else the kind of warning. */
export function deviationOf({ code, param }: Warning): string {
  return code === 'ignored_field' && param !== undefined ? `${code} ${param}` : code;
}
