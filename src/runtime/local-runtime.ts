/** Runs processes on this machine, each with its helpers as one group that ends as a whole. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ConfigError, EngineError } from '../base/errors.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { BoundedLog, LogTail } from './log-tail.ts';
import type { ProcessEnd, RunningProcess, Runtime } from './runtime.ts';

/** Where logs go, and how large each may become (two files of this size). */
export interface LocalRuntimeOptions {
  readonly logFolder: string;
  readonly maxLogBytes?: number;
}

/** Output that comes after the process's own end (from helpers that outlive it) is waited for so long. */
const outputGraceMs = 250;

/** A runtime on this machine. */
export function createLocalRuntime(options: LocalRuntimeOptions): Runtime {
  const { logFolder, maxLogBytes = 8 << 20 } = options;
  let started = 0;
  return {
    start(plan) {
      checkCommand(plan.command);
      const name = `${basename(plan.command).replace(/\W+/g, '-')}-${process.pid}-${++started}.log`;
      const log = openLog(logFolder, name, maxLogBytes);
      try {
        return new LocalProcess(spawnGroup(plan), plan.input, log);
      } catch (cause) {
        log.close();
        throw cause;
      }
    },
  };
}

function openLog(folder: string, name: string, maxBytes: number): BoundedLog {
  try {
    mkdirSync(folder, { recursive: true });
    return new BoundedLog(join(folder, name), maxBytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError('invalid_config', `Logs cannot be written to '${folder}': ${reason}.`, { cause });
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

/** A child that has a process. */
type StartedChild = ChildProcessWithoutNullStreams & { readonly pid: number };

class LocalProcess implements RunningProcess {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  readonly #tail = new LogTail();
  readonly #log: BoundedLog;
  #killed = false;
  #isOver = false;
  #stopping: Promise<ProcessEnd> | undefined;

  constructor(child: StartedChild, input: string, log: BoundedLog) {
    this.#log = log;
    this.pid = child.pid;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => this.#keep(bytes));
    // The program may end before it has read its input; that shows in how it ended.
    child.stdin.on('error', () => {});
    child.stdin.write(input);
    this.ended = this.#watch(child);
  }

  stop(graceMs: number): Promise<ProcessEnd> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<ProcessEnd> {
    this.#signal('SIGTERM');
    const timer = setTimeout(() => {
      this.#killed = true;
      this.#signal('SIGKILL');
    }, graceMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Once the process is reaped its number may belong to another: it is signalled only before that. */
  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (!this.#isOver) signalGroup(this.pid, signal);
  }

  #watch(child: StartedChild): Promise<ProcessEnd> {
    return new Promise((resolve) => {
      child.on('exit', (code, signal) => {
        this.#isOver = true;
        // Helpers it leaves behind hold its group's number, so that this cannot reach anyone else's process.
        signalGroup(this.pid, 'SIGKILL');
        const end = () => {
          clearTimeout(timer);
          for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
          this.#log.close();
          resolve({ code, signal, killed: this.#killed, logTail: this.#tail.text() });
        };
        const timer = setTimeout(end, outputGraceMs);
        child.once('close', end);
      });
    });
  }

  #keep(bytes: Buffer): void {
    this.#tail.write(bytes);
    this.#log.write(bytes);
  }
}

/** Signals every process of the group; one that is gone is no error. */
function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: nobody is left.
  }
}

function environment(plan: LaunchPlan): NodeJS.ProcessEnv {
  const merged = { ...process.env, ...plan.environment };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

/** A process that leads a group: signals reach its helpers, and the terminal's Ctrl-C is the server's to pass on. */
function spawnGroup(plan: LaunchPlan): StartedChild {
  const child = trySpawn(plan);
  // What Node could not start it reports later as well; without a listener that would end the server.
  child.on('error', () => {});
  if (!hasProcess(child)) throw notStarted(plan);
  return child;
}

function trySpawn(plan: LaunchPlan): ChildProcessWithoutNullStreams {
  try {
    return spawn(plan.command, plan.arguments, {
      env: environment(plan),
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
  } catch (cause) {
    throw notStarted(plan, cause);
  }
}

function hasProcess(child: ChildProcessWithoutNullStreams): child is StartedChild {
  return child.pid !== undefined;
}

function notStarted(plan: LaunchPlan, cause?: unknown): EngineError {
  return new EngineError('engine_crashed', `The program '${plan.command}' could not be started.`, { cause });
}
