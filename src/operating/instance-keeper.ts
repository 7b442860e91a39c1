/** Keeps one instance of a deployment alive: starts it, watches it, starts it again after a crash, ends it. */

import type { Clock } from '../base/clock.ts';
import { type AppError, toAppError, UnavailableError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Engine, EngineAddress, EngineClient } from '../engines/engine.ts';
import type { Deployment } from '../fleet/deployment.ts';
import { type Instance, type InstanceEvent, type InstanceId, next } from '../fleet/instance.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { RunningProcess, Runtime } from '../runtime/runtime.ts';

/** What a keeper needs; `newAddress` gives a fresh socket and secret for each start. */
export interface KeeperParts {
  readonly id: InstanceId;
  readonly deployment: Deployment;
  readonly spec: ModelSpec;
  readonly engine: Engine;
  readonly runtime: Runtime;
  readonly newAddress: () => EngineAddress;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long an ending engine may take before it is killed. */
const graceMs = 2_000;

/** One instance, from `start` to `close`. */
export class InstanceKeeper {
  #instance: Instance;
  #client: EngineClient | undefined;
  #process: RunningProcess | undefined;
  #error: AppError | undefined;
  #waiters: Array<() => void> = [];
  #loop: Promise<void> | undefined;
  readonly #parts: KeeperParts;
  readonly #closing = new AbortController();

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#instance = { id: parts.id, state: 'pending', reason: '', failures: 0, retryAtMs: 0 };
  }

  get instance(): Instance {
    return this.#instance;
  }

  get deployment(): Deployment {
    return this.#parts.deployment;
  }

  get spec(): ModelSpec {
    return this.#parts.spec;
  }

  /** The engine's connection while the instance is ready. */
  get client(): EngineClient | undefined {
    return this.#instance.state === 'ready' ? this.#client : undefined;
  }

  /** The process to kill in tests and to show to operators. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Begins to keep the instance alive; returns at once. */
  start(): void {
    this.#loop ??= this.#keep();
  }

  /** A ready client; waits while the instance starts; throws why it failed or that it ends. */
  async ready(signal: AbortSignal): Promise<EngineClient> {
    for (;;) {
      signal.throwIfAborted();
      const { state, failures } = this.#instance;
      if (this.client !== undefined) return this.client;
      if (state === 'stopping' || state === 'stopped')
        throw new UnavailableError('shutting_down', 'The server is shutting down.');
      if (failures > 1 && state === 'failed') throw this.#failure();
      await this.#changed(signal);
    }
  }

  /** Resolves when the first start has ended well; rejects with the reason if it did not. */
  async firstReady(signal: AbortSignal): Promise<void> {
    while (this.client === undefined) {
      if (this.#instance.state === 'failed') throw this.#error ?? this.#failure();
      await this.#changed(signal);
    }
  }

  /** Ends the engine and stops keeping it. */
  async close(): Promise<void> {
    this.#apply({ type: 'stop' });
    this.#closing.abort();
    this.#client?.close();
    await this.#process?.stop(graceMs);
    await this.#loop;
    this.#apply({ type: 'end' });
  }

  async #keep(): Promise<void> {
    const { clock, log } = this.#parts;
    while (!this.#closing.signal.aborted) {
      await sleep(this.#instance.retryAtMs - clock.nowMs(), this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      this.#apply({ type: 'start' });
      const reason = await this.#live();
      this.#client = undefined;
      if (this.#closing.signal.aborted) return;
      this.#apply({ type: 'fail', reason, nowMs: clock.nowMs() });
      log.warn({ instance: this.#parts.id, reason, failures: this.#instance.failures }, 'the engine ended');
    }
  }

  /** One life of the process; returns why it ended. */
  async #live(): Promise<string> {
    this.#error = undefined;
    try {
      const { deployment, engine, newAddress, runtime, spec } = this.#parts;
      const address = newAddress();
      const process = runtime.start(engine.plan(spec, deployment, address));
      this.#process = process;
      await this.#use(process, address);
      const end = await process.stop(graceMs);
      const how = end.signal === null ? `exit code ${end.code}` : `signal ${end.signal}`;
      const tail = end.logTail.trim().split('\n').slice(-3).join(' | ');
      return `${this.#whatHappened()} (${how})${tail === '' ? '' : `: ${tail}`}`;
    } catch (thrown) {
      this.#error = toAppError(thrown);
      return this.#whatHappened();
    }
  }

  /** Connects to a started process and stays until the connection is gone; keeps the error of a failed connect. */
  async #use(process: RunningProcess, address: EngineAddress): Promise<void> {
    const { engine, id, log } = this.#parts;
    const over = new AbortController();
    void process.ended.then(() => over.abort());
    try {
      this.#client = await engine.connect(address, AbortSignal.any([over.signal, this.#closing.signal]));
      this.#apply({ type: 'ready' });
      log.info({ instance: id, enginePid: process.pid }, 'the engine is ready');
      await this.#client.closed;
    } catch (thrown) {
      this.#error = toAppError(thrown);
    }
  }

  #whatHappened(): string {
    return this.#error?.message ?? 'it ended';
  }

  #apply(event: InstanceEvent): void {
    this.#instance = next(this.#instance, event);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
    });
  }

  #failure(): UnavailableError {
    const wait = Math.max(1, Math.ceil((this.#instance.retryAtMs - this.#parts.clock.nowMs()) / 1000));
    const message = `The model '${this.#parts.deployment.names[0]}' could not be started; next attempt in ${wait} s.`;
    return new UnavailableError('model_failed', message, { retryAfter: wait, internal: this.#instance.reason });
  }
}

/** Waits; an abort ends the wait early without an error. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
