/** The program a guard owns: started as a group of its own, ended as a whole. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { EngineError } from '../../base/errors.ts';
import { LogTail } from '../log-tail.ts';
import { killMarked, markName, type ProcessName, signal, startTimeOf } from '../process-table.ts';
import type { RunEnd } from '../run.ts';
import type { GuardOrder } from './messages.ts';
import type { RunLog } from './run-log.ts';

/** Output that comes after the program's own end (from helpers that outlive it) is waited for so long. */
const outputGraceMs = 250;

/** Starts the order's program, with `mark` in its environment and its output in `log`. */
export function startEngineGroup(order: GuardOrder, mark: string, log: RunLog): EngineGroup {
  const child = trySpawn(order, mark);
  // What Node could not start it reports later as well; without a listener that would end the guard.
  child.on('error', () => {});
  const startTime = child.pid === undefined ? undefined : startTimeOf(child.pid);
  if (child.pid === undefined || startTime === undefined) throw notStarted(order);
  // The program may end before it has read its input; that shows in how it ended.
  child.stdin.on('error', () => {});
  child.stdin.write(order.plan.input);
  return new EngineGroup(child, { pid: child.pid, startTime }, { mark, log });
}

/** A started program. */
export class EngineGroup {
  readonly name: ProcessName;
  readonly ended: Promise<RunEnd>;
  readonly #startedAtMs = performance.now();
  readonly #tail = new LogTail();
  readonly #mark: string;
  #killed = false;
  #isOver = false;
  #stopping = false;

  constructor(child: ChildProcessWithoutNullStreams, name: ProcessName, { mark, log }: { mark: string; log: RunLog }) {
    this.name = name;
    this.#mark = mark;
    const keep = (bytes: Buffer): void => {
      this.#tail.write(bytes);
      log.write(bytes);
    };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', keep);
    this.ended = this.#watch(child);
  }

  /** SIGTERM to the group, `graceMs`, SIGKILL; a second call changes nothing. */
  stop(graceMs: number): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#signal('SIGTERM');
    const timer = setTimeout(() => this.kill(), graceMs);
    void this.ended.then(() => clearTimeout(timer));
  }

  /** SIGKILL to the group at once. */
  kill(): void {
    this.#killed ||= !this.#isOver;
    this.#signal('SIGKILL');
  }

  /** Once the program is reaped its number may belong to another: it is signalled only before that. */
  #signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (!this.#isOver) signal(-this.name.pid, name);
  }

  #watch(child: ChildProcessWithoutNullStreams): Promise<RunEnd> {
    return new Promise((resolve) => {
      child.on('exit', (code, signalName) => {
        const ranMs = Math.round(performance.now() - this.#startedAtMs);
        this.#isOver = true;
        // Helpers it leaves behind hold its group's number, so that this cannot reach anyone else's process.
        signal(-this.name.pid, 'SIGKILL');
        killMarked(this.#mark);
        const end = (): void => {
          clearTimeout(timer);
          for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
          resolve({ code, signal: signalName, killed: this.#killed, logTail: this.#tail.text(), ranMs });
        };
        const timer = setTimeout(end, outputGraceMs);
        child.once('close', end);
      });
    });
  }
}

function trySpawn(order: GuardOrder, mark: string): ChildProcessWithoutNullStreams {
  try {
    return spawn(order.plan.command, order.plan.arguments, {
      env: environmentOf(order, mark),
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  } catch (cause) {
    throw notStarted(order, cause);
  }
}

function environmentOf(order: GuardOrder, mark: string): NodeJS.ProcessEnv {
  const kept = Object.entries({ ...process.env, ...order.environment }).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(kept), [markName]: mark };
}

function notStarted(order: GuardOrder, cause?: unknown): EngineError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new EngineError('engine_crashed', `The program '${order.plan.command}' could not be started${reason}.`, {
    cause,
  });
}
