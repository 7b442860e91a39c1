/** Runs programs on this machine, each under a guard that outlives the server. */

import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { randomHex } from '../base/clock.ts';
import { Bug, ConfigError } from '../base/errors.ts';
import { endLeftovers } from './end-leftovers.ts';
import { forgetOldInstances, forgetOldRuns, forgetRun } from './forget-runs.ts';
import type { GuardOrder } from './guard/messages.ts';
import { openGuardLink } from './guard-link.ts';
import { GuardedRun, isRecordOf } from './guarded-run.ts';
import { listRunStates, readRunState } from './read-run-state.ts';
import type { Run, RunEnd, RunOrder, RunRecord, Runtime } from './run.ts';
import { instanceFolder, logFolder, logPath, openDataFolder, type RunName } from './run-files.ts';
import { spawnGuard } from './spawn-guard.ts';

/** Where states, sockets and logs go, and how large a log may become (two files of this size for a run). */
export interface GuardedRuntimeOptions {
  readonly dataFolder: string;
  readonly maxLogBytes?: number;
}

/** A runtime on this machine. */
export function createGuardedRuntime({ dataFolder, maxLogBytes = 4 << 20 }: GuardedRuntimeOptions): Runtime {
  return new GuardedRuntime(openDataFolder(dataFolder), maxLogBytes);
}

class GuardedRuntime implements Runtime {
  readonly #dataFolder: string;
  readonly #maxLogBytes: number;
  /** Tokens of the runs that were started or adopted here. */
  readonly #own = new Set<string>();

  constructor(dataFolder: string, maxLogBytes: number) {
    this.#dataFolder = dataFolder;
    this.#maxLogBytes = maxLogBytes;
  }

  async start(order: RunOrder): Promise<Run> {
    checkCommand(order.plan.command);
    await this.#replace(order);
    const wish = this.#prepare(order);
    this.#own.add(wish.token);
    try {
      return await this.#begin(wish);
    } catch (thrown) {
      await this.#undo(wish);
      throw thrown;
    }
  }

  async adopt(record: RunRecord): Promise<Run | undefined> {
    const state = readRunState(this.#dataFolder, record);
    if (state === undefined || !isRecordOf(record, state) || state.end !== undefined) return undefined;
    try {
      const link = await openGuardLink(state.socketPath, state.token);
      if (isRecordOf(record, link.state)) {
        this.#own.add(record.token);
        return new GuardedRun(link, this.#dataFolder);
      }
      link.close();
    } catch {
      // Nobody answers: the guard is gone, or as good as gone.
    }
    await endLeftovers(this.#dataFolder, state, state.graceMs);
    return undefined;
  }

  endOf(record: RunRecord): RunEnd | undefined {
    const state = readRunState(this.#dataFolder, record);
    return state?.token === record.token ? state.end : undefined;
  }

  async strays(known: readonly RunRecord[]): Promise<void> {
    const kept = new Set([...this.#own, ...known.map(({ token }) => token)]);
    const strays = listRunStates(this.#dataFolder).filter(({ end, token }) => end === undefined && !kept.has(token));
    await Promise.all(strays.map((state) => endLeftovers(this.#dataFolder, state, state.graceMs)));
    forgetOldInstances(this.#dataFolder);
  }

  /** A server that was killed may have started a run of this number without a chance to note it. */
  async #replace(name: RunName): Promise<void> {
    const state = readRunState(this.#dataFolder, name);
    if (state !== undefined && state.end === undefined) {
      if (this.#own.has(state.token)) throw new Bug(`run ${name.run} of ${name.instanceId} goes on`);
      await endLeftovers(this.#dataFolder, state, state.graceMs);
    }
    forgetRun(this.#dataFolder, name);
  }

  #prepare({ plan, ...order }: RunOrder): GuardOrder {
    const folder = instanceFolder(this.#dataFolder, order.instanceId);
    makeFolder(folder);
    makeFolder(logFolder(this.#dataFolder, order.instanceId));
    forgetOldRuns(this.#dataFolder, order);
    const { environment, ...program } = plan;
    const changes = Object.entries(environment).map(([name, value]) => [name, value ?? null] as const);
    return {
      ...order,
      plan: program,
      environment: Object.fromEntries(changes),
      token: randomHex(24),
      folder,
      logPath: logPath(this.#dataFolder, order),
      maxLogBytes: this.#maxLogBytes,
    };
  }

  async #begin(wish: GuardOrder): Promise<Run> {
    const guard = await spawnGuard(wish);
    try {
      const run = new GuardedRun(await openGuardLink(guard.socketPath, wish.token), this.#dataFolder);
      guard.release();
      return run;
    } catch (thrown) {
      guard.kill();
      throw thrown;
    }
  }

  /** A run that could not be started leaves nothing and nobody behind. */
  async #undo(order: RunName): Promise<void> {
    const state = readRunState(this.#dataFolder, order);
    if (state !== undefined) await endLeftovers(this.#dataFolder, state, 0);
    forgetRun(this.#dataFolder, order);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError('invalid_config', `The folder '${path}' cannot be made: ${reason}.`, { cause });
  }
}

/** A missing program is the configuration's fault and is said before anything is started. */
function checkCommand(command: string): void {
  try {
    if (!statSync(command).isFile()) throw new ConfigError('invalid_config', `'${command}' is not a program.`);
    accessSync(command, constants.X_OK);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError('invalid_config', `The program '${command}' cannot be run: ${reason}.`, { cause });
  }
}
