/** One instance and the hands that move it: fetches its model, starts its engine, watches it, ends it. */

import type { Clock } from '../base/clock.ts';
import { type AppError, EngineError, isAppError, toAppError, UnavailableError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ChatClient, Engine, EngineAddress, EngineClient, RunWishes, Served } from '../engines/engine.ts';
import type { Deployment } from '../fleet/deployment.ts';
import { type Instance, type InstanceEvent, type InstanceId, next } from '../fleet/instance.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { MemoryWish } from '../models/estimate-memory.ts';
import type { Runtime } from '../runtime/run.ts';
import { Attendance } from './attendance.ts';
import { describeEnd } from './describe-end.ts';
import { type Engines, keyOfEngine } from './engines.ts';
import { type Adoptable, connectInTime, type Life, type Patience } from './instance-life.ts';
import type { MemoryDesk } from './memory-desk.ts';
import type { ModelShelf } from './shelves/model-shelf.ts';
import { watchHealth } from './watch-health.ts';

/** What instances are moved with. */
export interface InstanceWorld {
  readonly runtime: Runtime;
  readonly engines: Engines;
  readonly shelf: ModelShelf;
  /** May these files be served? Throws if not. */
  readonly allow: (spec: ModelSpec, deployment: Deployment) => Promise<void>;
  /** Tries what a stranger's model brings along; throws if it cannot be used. */
  readonly inspect: (spec: ModelSpec, deployment: Deployment) => Promise<void>;
  readonly memory: Pick<MemoryDesk, 'roomOn' | 'promise' | 'settle' | 'giveBack'>;
  /** For what it should wait before it takes memory, in words; undefined = for nothing. */
  readonly lack: (kept: KeptInstance) => string | undefined;
  /** A fresh socket or port and secret for each life; of what runs elsewhere, where that is. */
  readonly newAddress: (engine: Engine, deployment: Deployment) => Promise<EngineAddress>;
  /** Removes what an address leaves behind. */
  readonly dropAddress: (address: EngineAddress) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly patience: Patience;
  /** Called after every change, to be kept and told. */
  readonly changed: (kept: KeptInstance) => void;
}

/** One instance, from its creation to its end. */
export class KeptInstance {
  #instance: Instance;
  #deployment: Deployment;
  #client: EngineClient | ChatClient | undefined;
  #spec: ModelSpec | undefined;
  #adoptable: Adoptable | undefined;
  #error: AppError | undefined;
  #needs: MemoryWish | undefined;
  #isAdopting = false;
  #isLeft = false;
  #doubt: string | undefined;
  #life: Promise<void> = Promise.resolve();
  #ending: Promise<void> | undefined;
  readonly #attendance = new Attendance();
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
  get client(): EngineClient | ChatClient | undefined {
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

  /** Is it being taken over from an earlier server? Then it served a moment ago, and probably will in a moment. */
  get isAdopting(): boolean {
    return this.#isAdopting;
  }

  /** Requests under way. */
  get running(): number {
    return this.#attendance.running;
  }

  /** Requests that it takes at once. */
  get places(): number {
    return this.#attendance.places;
  }

  /** The memory it asks for; known once its engine has understood its settings. */
  get needs(): MemoryWish | undefined {
    return this.#needs;
  }

  /** Takes over what an edit changed and needs no new start. */
  follow(deployment: Deployment): void {
    this.#deployment = deployment;
  }

  /** Counts a request in; the returned function counts it out, once. */
  enter(): () => void {
    return this.#attendance.enter();
  }

  /** Requests fail though it says that it is well; undefined = one was answered again. */
  doubt(reason: string | undefined): void {
    this.#doubt = reason;
    const atMs = this.#nowMs();
    this.#apply(reason === undefined ? { type: 'recover', atMs } : { type: 'ail', reason, atMs });
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
    this.#isAdopting = true;
    this.#adoptable = adoptable;
    this.#apply({ type: 'adopt', reason: 'found running, being taken over', atMs: this.#nowMs() });
    this.#life = this.#live(() => this.#takeOver(adoptable));
  }

  /** Lets its requests end, then ends it; resolves when nothing of it is left. */
  stop(reason: string): Promise<void> {
    this.#ending ??= this.#end(reason);
    return this.#ending;
  }

  /** The server ends: running requests are over already, and so is the engine in a moment. */
  async close(): Promise<void> {
    this.#attendance.hurry();
    await this.stop('the server is ending');
  }

  /** The server ends and the engine goes on: the next server finds it in the book. What it would not find ends here. */
  async leave(): Promise<void> {
    const isFindable = this.#adoptable !== undefined && this.#deployment.declaredBy === 'store';
    if (!isFindable || this.#ending !== undefined) return this.close();
    this.#isLeft = true;
    this.#stopping.abort();
    await this.#life;
  }

  async #end(reason: string): Promise<void> {
    this.#apply({ type: 'stop', reason, atMs: this.#nowMs() });
    await this.#attendance.over(this.#world.patience.drainMs).catch(() => {
      const { running } = this.#attendance;
      this.#world.log.warn({ instance: this.id, running }, 'requests were cut: they took too long to end');
    });
    this.#stopping.abort();
    this.#client?.close();
    await this.#life;
    this.#apply({ type: 'end', reason: '', atMs: this.#nowMs() });
  }

  /** One life; however it ends, it is said why. */
  async #live(begin: () => Promise<Life | undefined>): Promise<void> {
    this.#error = undefined;
    let reason: string | undefined;
    try {
      const life = await begin();
      if (life !== undefined) reason = await this.#use(life);
    } catch (thrown) {
      this.#error = toAppError(thrown);
      reason = this.#error.message;
    }
    this.#isAdopting = false;
    if (this.#isLeft) return;
    this.#world.memory.giveBack(this.id);
    if (this.#adoptable !== undefined) this.#world.dropAddress(this.#adoptable.address);
    this.#adoptable = undefined;
    if (reason === undefined || this.#stopping.signal.aborted) return;
    this.#world.log.warn({ instance: this.id, reason, failures: this.#instance.failures + 1 }, 'an instance ended');
    this.#apply({ type: 'fail', reason, atMs: this.#nowMs() });
  }

  /** Undefined = it has to wait, and has said so. */
  async #start(devices: readonly string[]): Promise<Life | undefined> {
    const { engines, shelf, allow, inspect } = this.#world;
    const deployment = this.#deployment;
    const engine = engines.choose(deployment);
    if ('needs' in engine) {
      this.wait(engine.needs);
      return undefined;
    }
    const tell = (reason: string): void => this.#apply({ type: 'fetch', reason, atMs: this.#nowMs() });
    const wish = { source: deployment.source, weights: engine.weights };
    const spec = await shelf.take(wish, tell, this.#stopping.signal);
    this.#spec = spec;
    await allow(spec, deployment);
    this.#stopping.signal.throwIfAborted();
    const wishes = engine.readWishes(deployment);
    if (engine.weights !== 'none') this.#needs = { ...wishes, ...(await this.#world.memory.roomOn(engine, devices)) };
    const lack = this.#world.lack(this);
    if (lack !== undefined) {
      this.wait(lack);
      return undefined;
    }
    // Meanwhile the engine may load; it is ended if the template turns out to be of no use.
    const inspected = inspect(spec, deployment);
    inspected.catch(() => {});
    const life = await this.#launch(engine, { spec, wishes }, devices);
    try {
      await inspected;
      return life;
    } catch (thrown) {
      await life.run?.stop();
      throw thrown;
    }
  }

  async #launch(engine: Engine, served: Served, devices: readonly string[]): Promise<Life> {
    const { newAddress, dropAddress, runtime, patience } = this.#world;
    const deployment = this.#deployment;
    const slot = { ...served.wishes, devices, ...this.#promise(served) };
    const address = await newAddress(engine, deployment);
    try {
      const plan = engine.plan(served.spec, { ...slot, address });
      this.#apply({ type: 'start', atMs: this.#nowMs() });
      if (plan === undefined) return { engine, address, served };
      const leaseMs = deployment.declaredBy === 'store' ? patience.leaseMs : 0;
      const { graceMs = patience.graceMs } = engine;
      const { id, run: number } = this.#instance;
      const run = await runtime.start({ instanceId: id, run: number, plan, leaseMs, graceMs });
      const command = [plan.command, ...plan.arguments];
      const { source } = deployment;
      this.#adoptable = { run: run.record, address, engine: keyOfEngine(engine), source, command };
      this.#world.changed(this);
      return { engine, address, served, run };
    } catch (thrown) {
      dropAddress(address);
      throw thrown;
    }
  }

  /** The context it can have; of what runs elsewhere only the one asked for is known. */
  #promise({ spec }: Served): Pick<RunWishes, 'contextSize'> {
    return this.#needs === undefined ? {} : { contextSize: this.#world.memory.promise(this.id, spec, this.#needs) };
  }

  async #takeOver({ run: record, address, engine: key, source }: Adoptable): Promise<Life> {
    const run = await this.#world.runtime.adopt(record);
    if (run === undefined) {
      const end = this.#world.runtime.endOf(record);
      const message = 'It ended while no server was there.';
      throw new EngineError('engine_crashed', end === undefined ? message : describeEnd(end, message));
    }
    const nothing = (): void => {};
    try {
      const engine = this.#world.engines.find(key);
      if (engine === undefined)
        throw new UnavailableError('model_failed', `The engine '${key}' is not installed any more.`);
      const spec = await this.#world.shelf.take({ source, weights: engine.weights }, nothing, this.#stopping.signal);
      this.#spec = spec;
      const wishes = engine.readWishes(this.#deployment);
      this.#needs = { ...wishes, ...(await this.#world.memory.roomOn(engine, this.#instance.devices)) };
      return { engine, address, served: { spec, wishes }, run };
    } catch (thrown) {
      if (this.#isLeft) run.leave();
      else await run.stop();
      throw thrown;
    }
  }

  /** Stays with an engine until it, the connection to it, or the wish for it is gone; then ends it and says why. */
  async #use(life: Life): Promise<string> {
    const { run } = life;
    const over = new AbortController();
    const leave = (): void => over.abort();
    let hasEnded = false;
    void run?.ended.then(() => {
      hasEnded = true;
      leave();
    });
    this.#stopping.signal.addEventListener('abort', leave, { once: true });
    if (this.#stopping.signal.aborted) leave();
    try {
      const client = await connectInTime(life, this.#world.patience.startMs, over.signal);
      this.#client = client;
      void client.closed.then(leave);
      this.#welcome(client, life);
      const isSilent = await this.#watch(client, over.signal);
      if (isSilent)
        this.#error = new EngineError('engine_timeout', 'The engine did not answer for too long and was ended.');
    } catch (thrown) {
      // A program that ended by itself says more of it than the connection that broke.
      if (!hasEnded || isAppError(thrown)) this.#error = toAppError(thrown);
    } finally {
      this.#stopping.signal.removeEventListener('abort', leave);
      over.abort();
      this.#client?.close();
      // Its program may take a moment to end; meanwhile nobody is given a connection that is over.
      this.#client = undefined;
    }
    const reason = this.#error?.message;
    if (this.#isLeft) run?.leave();
    return run === undefined || this.#isLeft
      ? (reason ?? 'The connection ended.')
      : describeEnd(await run.stop(), reason);
  }

  #welcome(client: EngineClient | ChatClient, { engine, served }: Life): void {
    const { parallel } = served.wishes;
    if (engine.weights !== 'none')
      this.#world.memory.settle(this.id, served.spec, { ...this.#needs, contextSize: client.contextPerSlot, parallel });
    this.#isAdopting = false;
    this.#doubt = undefined;
    this.#attendance.open(client, parallel);
    this.#apply({ type: 'ready', atMs: this.#nowMs() });
    this.#world.log.info({ instance: this.id, device: client.device }, 'an instance is ready');
  }

  #watch(client: EngineClient | ChatClient, signal: AbortSignal): Promise<boolean> {
    return watchHealth(client, {
      everyMs: this.#world.patience.healthMs,
      signal,
      tell: (isWell) => {
        const atMs = this.#nowMs();
        if (!isWell) this.#apply({ type: 'ail', reason: 'the engine does not answer', atMs });
        // What it says of itself does not count against what its requests tell.
        else if (this.#doubt === undefined) this.#apply({ type: 'recover', atMs });
      },
    });
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
