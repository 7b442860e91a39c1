/** One instance and the hands that move it: fetches its model, starts its engine, watches it, ends it. */

import type { Clock } from '../base/clock.ts';
import { type AppError, EngineError, toAppError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Engine, EngineAddress, EngineClient } from '../engines/engine.ts';
import type { Deployment } from '../fleet/deployment.ts';
import { type Instance, type InstanceEvent, type InstanceId, next } from '../fleet/instance.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { Run, RunEnd, RunRecord, Runtime } from '../runtime/run.ts';
import { Bell } from './bell.ts';
import type { ModelShelf } from './model-shelf.ts';

/** What the next server needs to go on with a running instance. */
export interface Adoptable {
  readonly run: RunRecord;
  readonly address: EngineAddress;
}

/** What instances are moved with. */
export interface InstanceWorld {
  readonly runtime: Runtime;
  readonly engine: (deployment: Deployment) => Engine;
  readonly shelf: ModelShelf;
  /** May these files be served? Throws if not. */
  readonly allow: (spec: ModelSpec, deployment: Deployment) => Promise<void>;
  /** Tries what a stranger's model brings along; throws if it cannot be used. */
  readonly inspect: (spec: ModelSpec, deployment: Deployment) => Promise<void>;
  /** The context per request that fits the memory; throws ConfigError with the numbers. */
  readonly fitContext: (spec: ModelSpec, wish: { readonly contextSize?: number; readonly parallel: number }) => number;
  /** A fresh socket and secret for each life. */
  readonly newAddress: () => EngineAddress;
  /** Removes what an address leaves behind. */
  readonly dropAddress: (address: EngineAddress) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly patience: Patience;
  /** Called after every change, to be kept and told. */
  readonly changed: (kept: KeptInstance) => void;
}

/** How long things may take, in milliseconds. */
export interface Patience {
  /** From the program's start to the model's first proof of life. */
  readonly startMs: number;
  /** For SIGTERM to work. */
  readonly graceMs: number;
  /** For running requests of an instance that is to end. */
  readonly drainMs: number;
  /** Between two questions whether it is well; a silent one is ailing, six times silent it has failed. */
  readonly healthMs: number;
  /** How long an engine may live without a server; instances that nothing keeps never do. */
  readonly leaseMs: number;
}

/** So many questions in a row may stay without an answer. */
const maxSilence = 6;

/** One instance, from its creation to its end. */
export class KeptInstance {
  #instance: Instance;
  #deployment: Deployment;
  #client: EngineClient | undefined;
  #spec: ModelSpec | undefined;
  #adoptable: Adoptable | undefined;
  #error: AppError | undefined;
  #running = 0;
  #life: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;
  readonly #idle = new Bell();
  readonly #stopping = new AbortController();
  readonly #world: InstanceWorld;

  constructor(instance: Instance, deployment: Deployment, world: InstanceWorld) {
    this.#instance = instance;
    this.#deployment = deployment;
    this.#world = world;
  }

  get id(): InstanceId {
    return this.#instance.id;
  }

  get instance(): Instance {
    return this.#instance;
  }

  get deployment(): Deployment {
    return this.#deployment;
  }

  /** The engine's connection while requests may be given to it. */
  get client(): EngineClient | undefined {
    return this.#instance.state === 'ready' || this.#instance.state === 'ailing' ? this.#client : undefined;
  }

  /** Known once the model's files are here. */
  get spec(): ModelSpec | undefined {
    return this.#spec;
  }

  get adoptable(): Adoptable | undefined {
    return this.#adoptable;
  }

  /** Why the last life ended, as it was thrown. */
  get error(): AppError | undefined {
    return this.#error;
  }

  /** Requests under way. */
  get running(): number {
    return this.#running;
  }

  /** Takes over what an edit changed and needs no new start. */
  follow(deployment: Deployment): void {
    this.#deployment = deployment;
  }

  /** Counts a request in; the returned function counts it out, once. */
  enter(): () => void {
    this.#running++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#running--;
      this.#idle.ring();
    };
  }

  /** It has to wait for something, and says for what. */
  wait(reason: string): void {
    this.#apply({ type: 'wait', reason, atMs: this.#nowMs() });
  }

  /** Begins a new life on these devices; returns at once. */
  begin(devices: readonly string[]): void {
    this.#apply({ type: 'place', devices, atMs: this.#nowMs() });
    this.#life = this.#live(() => this.#start(devices));
  }

  /** Goes on with the life that an earlier server began; if that is over, this one has failed. */
  adopt(adoptable: Adoptable): void {
    this.#instance = { ...this.#instance, state: 'starting', reason: 'found running, being taken over' };
    this.#adoptable = adoptable;
    this.#life = this.#live(() => this.#takeOver(adoptable));
  }

  /** Lets its requests end, then ends it; resolves when nothing of it is left. */
  stop(reason: string): Promise<void> {
    this.#ending ??= this.#end(reason);
    return this.#ending;
  }

  /** The server ends: running requests are over already, and so is the engine in a moment. */
  async close(): Promise<void> {
    this.#running = 0;
    await this.stop('the server is ending');
  }

  async #end(reason: string): Promise<void> {
    this.#apply({ type: 'stop', reason, atMs: this.#nowMs() });
    await this.#drained();
    this.#stopping.abort();
    this.#client?.close();
    await this.#life;
    this.#apply({ type: 'end', reason: '', atMs: this.#nowMs() });
  }

  async #drained(): Promise<void> {
    const deadline = AbortSignal.timeout(this.#world.patience.drainMs);
    try {
      while (this.#running > 0) await this.#idle.next(deadline);
    } catch {
      this.#world.log.warn(
        { instance: this.id, running: this.#running },
        'requests were cut: they took too long to end',
      );
    }
  }

  /** One life; however it ends, it is said why. */
  async #live(begin: () => Promise<Run>): Promise<void> {
    this.#error = undefined;
    let reason: string;
    try {
      const run = await begin();
      try {
        await this.#use(run);
      } finally {
        reason = describeEnd(await run.stop(), this.#error);
      }
    } catch (thrown) {
      this.#error ??= toAppError(thrown);
      reason = this.#error.message;
    }
    if (this.#adoptable !== undefined) this.#world.dropAddress(this.#adoptable.address);
    this.#adoptable = undefined;
    if (this.#stopping.signal.aborted) return;
    this.#world.log.warn({ instance: this.id, reason, failures: this.#instance.failures + 1 }, 'an instance ended');
    this.#apply({ type: 'fail', reason, atMs: this.#nowMs() });
  }

  async #start(devices: readonly string[]): Promise<Run> {
    const { shelf, engine, allow, inspect, fitContext, newAddress, runtime, patience } = this.#world;
    const deployment = this.#deployment;
    const { signal } = this.#stopping;
    const tell = (reason: string): void => this.#apply({ type: 'fetch', reason, atMs: this.#nowMs() });
    this.#spec = await shelf.take(deployment.source, tell, signal);
    await allow(this.#spec, deployment);
    // Meanwhile the engine may load; it is ended if the template turns out to be of no use.
    const inspected = inspect(this.#spec, deployment);
    inspected.catch(() => {});
    const wishes = engine(deployment).readWishes(deployment);
    const contextSize = fitContext(this.#spec, wishes);
    const address = newAddress();
    const plan = engine(deployment).plan(this.#spec, { ...wishes, contextSize, address, devices });
    signal.throwIfAborted();
    this.#apply({ type: 'start', atMs: this.#nowMs() });
    const leaseMs = deployment.declaredBy === 'store' ? patience.leaseMs : 0;
    const { id, run: number } = this.#instance;
    const run = await runtime.start({ instanceId: id, run: number, plan, leaseMs, graceMs: patience.graceMs });
    this.#adoptable = { run: run.record, address };
    this.#world.changed(this);
    try {
      await inspected;
      return run;
    } catch (thrown) {
      await run.stop();
      throw thrown;
    }
  }

  async #takeOver({ run: record }: Adoptable): Promise<Run> {
    const run = await this.#world.runtime.adopt(record);
    if (run === undefined) {
      const end = this.#world.runtime.endOf(record);
      throw new EngineError(
        'engine_crashed',
        end === undefined ? 'It ended while no server was there.' : describeEnd(end),
      );
    }
    const nothing = (): void => {};
    try {
      this.#spec = await this.#world.shelf.take(this.#deployment.source, nothing, this.#stopping.signal);
      return run;
    } catch (thrown) {
      await run.stop();
      throw thrown;
    }
  }

  /** Connects to a running engine and stays until the connection or the program is gone. */
  async #use(run: Run): Promise<void> {
    const { engine, log, patience } = this.#world;
    const address = this.#adoptable?.address;
    if (address === undefined) return;
    const over = new AbortController();
    void run.ended.then(() => over.abort());
    try {
      const limit = AbortSignal.timeout(patience.startMs);
      const signal = AbortSignal.any([over.signal, this.#stopping.signal, limit]);
      this.#client = await engine(this.#deployment)
        .connect(address, signal)
        .catch((thrown: unknown) => {
          throw limit.aborted ? startTooLong(patience.startMs) : thrown;
        });
      this.#apply({ type: 'ready', atMs: this.#nowMs() });
      log.info({ instance: this.id, enginePid: run.record.enginePid }, 'an instance is ready');
      await Promise.race([this.#client.closed, run.ended, this.#watch(this.#client), aborted(this.#stopping.signal)]);
    } catch (thrown) {
      // A program that ended by itself says more of it than the connection that broke.
      if (!over.signal.aborted || limitOrOurs(thrown)) this.#error = toAppError(thrown);
    } finally {
      // Its program may take a moment to end; meanwhile nobody is given a connection that is over.
      this.#client = undefined;
    }
  }

  /** Asks now and then whether it is well; resolves when it has been silent for too long. */
  async #watch(client: EngineClient): Promise<void> {
    const gone = new AbortController();
    void client.closed.then(() => gone.abort());
    const rest = new Bell();
    for (let silence = 0; silence < maxSilence; ) {
      try {
        await rest.next(gone.signal, this.#world.patience.healthMs);
      } catch {
        return;
      }
      const isWell = await answersWithin(client, this.#world.patience.healthMs);
      silence = isWell ? 0 : silence + 1;
      if (isWell) this.#apply({ type: 'recover', atMs: this.#nowMs() });
      else this.#apply({ type: 'ail', reason: 'the engine does not answer', atMs: this.#nowMs() });
    }
    this.#error = new EngineError('engine_timeout', 'The engine did not answer for too long and was ended.');
  }

  #apply(event: InstanceEvent): void {
    const before = this.#instance;
    this.#instance = next(before, event);
    if (this.#instance !== before) this.#world.changed(this);
  }

  #nowMs(): number {
    return this.#world.clock.unixMs();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Is it an error with something to say of its own, not just an abort? */
function limitOrOurs(thrown: unknown): boolean {
  return toAppError(thrown).kind !== 'bug';
}

function startTooLong(ms: number): EngineError {
  return new EngineError('engine_timeout', `The engine was not ready within ${Math.round(ms / 1000)} s and was ended.`);
}

async function answersWithin(client: EngineClient, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([client.stats().then(() => true), silence]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** Why a run ended, with the last lines it wrote. */
function describeEnd(end: RunEnd, error?: AppError): string {
  const how = end.signal === null ? `exit code ${end.code}` : `signal ${end.signal}`;
  const what = end.lostGuard ? 'its guard was killed' : how;
  const tail = end.logTail.trim().split('\n').slice(-3).join(' | ');
  return `${error?.message ?? 'The engine ended.'} (${what})${tail === '' ? '' : `: ${tail}`}`;
}
