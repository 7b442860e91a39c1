/** A run as the server that started or adopted it holds it. */

import { Bug } from '../base/errors.ts';
import { endLeftovers } from './end-leftovers.ts';
import type { GuardLink } from './guard-link.ts';
import type { Run, RunEnd, RunRecord } from './run.ts';
import type { RunState } from './run-files.ts';

/** A guard that has not ended its program so long after the grace is hung. */
const hungMs = 3_000;

/** A run whose guard is connected. */
export class GuardedRun implements Run {
  readonly record: RunRecord;
  readonly ended: Promise<RunEnd>;
  readonly #link: GuardLink;
  readonly #dataFolder: string;
  #stopping: Promise<RunEnd> | undefined;
  #isLeft = false;
  #isHung = false;

  constructor(link: GuardLink, dataFolder: string) {
    this.record = toRecord(link.state);
    this.#link = link;
    this.#dataFolder = dataFolder;
    this.ended = this.#watch();
  }

  stop(): Promise<RunEnd> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  leave(): void {
    this.#isLeft = true;
    this.#link.close();
  }

  async #stop(): Promise<RunEnd> {
    this.#link.stop();
    const timer = setTimeout(() => {
      this.#isHung = true;
      this.#link.close();
    }, this.#link.state.graceMs + hungMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  /** A guard that goes without a word was killed: its program must not live on. */
  async #watch(): Promise<RunEnd> {
    const { ended, state } = this.#link;
    const end = await ended;
    if (this.#isLeft) return new Promise(() => {});
    return end ?? endLeftovers(this.#dataFolder, state, this.#isHung ? 0 : state.graceMs);
  }
}

/** Does the record speak of exactly this run? */
export function isRecordOf(record: RunRecord, state: RunState): boolean {
  const facts = ['token', 'socketPath', 'guardPid', 'guardStartTime', 'enginePid', 'engineStartTime'] as const;
  return facts.every((name) => record[name] === state[name]);
}

function toRecord(state: RunState): RunRecord {
  const { instanceId, run, guardPid, guardStartTime, enginePid, engineStartTime, socketPath, token, startedAt } = state;
  if (enginePid === undefined || engineStartTime === undefined)
    throw new Bug('a guard speaks of a run without program');
  return { instanceId, run, guardPid, guardStartTime, enginePid, engineStartTime, socketPath, token, startedAt };
}
