/** Writes down what instances are going through, in order, and keeps trying while the database is away. */

import { Field } from '../base/decode.ts';
import { isAppError } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import type { Log } from '../base/log.ts';
import type { EngineAddress } from '../engines/engine.ts';
import type { Instance, InstanceId } from '../fleet/instance.ts';
import { isModelSource, type ModelSource } from '../fleet/model-source.ts';
import { deleteInstance, saveInstance } from '../store/instances.ts';
import type { Db } from '../store/tables.ts';
import { Bell } from './bell.ts';
import type { Adoptable } from './instance-life.ts';

/** What stands to be written of one instance; `instance` absent = it is gone. */
interface Entry {
  readonly instance?: Instance;
  readonly adoptable?: Adoptable;
}

/** Pause before the next try while the database does not take anything. */
const retryMs = 1_000;

/** The latest state of each instance on its way to the database: later news replaces earlier. */
export class InstanceBook {
  readonly #pending = new Map<InstanceId, Entry>();
  /** Those whose last news was progress of a download. */
  readonly #fetching = new Set<InstanceId>();
  readonly #db: Db;
  readonly #log: Log;
  readonly #rest = new Bell();
  readonly #closing = new AbortController();
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #isAway = false;

  constructor(db: Db, log: Log) {
    this.#db = db;
    this.#log = log;
  }

  note(instance: Instance, adoptable: Adoptable | undefined): void {
    const isProgress = instance.state === 'fetching' && this.#fetching.has(instance.id);
    // Told twice a second, and worth nothing to the next server.
    if (isProgress) return;
    if (instance.state === 'fetching') this.#fetching.add(instance.id);
    else this.#fetching.delete(instance.id);
    this.#put(instance.id, { instance, ...(adoptable && { adoptable }) });
  }

  forget(id: InstanceId): void {
    this.#fetching.delete(id);
    this.#put(id, {});
  }

  /** Resolves when everything noted so far is written, or cannot be. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#writing;
  }

  #put(id: InstanceId, entry: Entry): void {
    this.#pending.set(id, entry);
    if (!this.#isWriting) this.#writing = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    for (let first = this.#first(); first !== undefined; first = this.#first()) {
      const [id, entry] = first;
      this.#pending.delete(id);
      try {
        await this.#writeOne(id, entry);
        this.#isAway = false;
      } catch (thrown) {
        await this.#failed(id, entry, thrown);
      }
    }
    // In the same breath as the last look, so that no news falls in between.
    this.#isWriting = false;
  }

  #first(): [InstanceId, Entry] | undefined {
    const [first] = this.#pending;
    return first;
  }

  async #failed(id: InstanceId, entry: Entry, thrown: unknown): Promise<void> {
    const mayRetry = isAppError(thrown) && thrown.kind === 'unavailable' && !this.#closing.signal.aborted;
    if (!mayRetry || !this.#isAway)
      this.#log.error({ instance: id, err: thrown }, 'the state of an instance could not be written');
    if (!mayRetry) return;
    this.#isAway = true;
    if (!this.#pending.has(id)) this.#pending.set(id, entry);
    await this.#rest.next(this.#closing.signal, retryMs).catch(() => {});
  }

  async #writeOne(id: InstanceId, { instance, adoptable }: Entry): Promise<void> {
    if (instance === undefined) return deleteInstance(this.#db, id);
    const record: Json =
      adoptable === undefined ? null : { ...adoptable, run: { ...adoptable.run }, address: { ...adoptable.address } };
    return saveInstance(this.#db, instance, record);
  }
}

/** Reads what `InstanceBook` wrote; undefined if it is not that. */
export function readAdoptable(value: Json | undefined, id: InstanceId): Adoptable | undefined {
  if (value === undefined || value === null) return undefined;
  const field = new Field(value, 'runRecord');
  const run = field.get('run');
  const address = field.get('address');
  return {
    run: {
      instanceId: id,
      run: run.get('run').integer(0),
      guardPid: run.get('guardPid').integer(1),
      guardStartTime: run.get('guardStartTime').string(),
      enginePid: run.get('enginePid').integer(1),
      engineStartTime: run.get('engineStartTime').string(),
      socketPath: run.get('socketPath').string(),
      token: run.get('token').string(),
      startedAt: run.get('startedAt').number(),
    },
    address: readAddress(address),
    engine: field.get('engine').string(),
    source: readSource(field.get('source')),
    command: field
      .get('command')
      .items()
      .map((word) => word.string()),
  };
}

function readAddress(field: Field): EngineAddress {
  const token = field.get('token').string();
  const url = field.get('url').optional((each) => each.string());
  return url === undefined ? { socketPath: field.get('socketPath').string(), token } : { url, token };
}

function readSource(field: Field): ModelSource {
  const { value } = field;
  if (isModelSource(value)) return value;
  throw field.wrongType('a source of a model');
}
