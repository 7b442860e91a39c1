/** Which instances are trusted with requests: what they say of themselves, and how their requests ended. */

import type { Clock } from '../../base/clock.ts';
import { type AppError, isAppError } from '../../base/errors.ts';
import type { Outcome } from '../../engines/roster.ts';
import type { KeptInstance } from '../kept-instance.ts';
import { Circuit } from './circuit.ts';

/** Whom requests may be given to. */
interface Usable {
  readonly pool: readonly KeptInstance[];
  /** One that has rested, to be tried by the next request. */
  readonly onTrial: KeptInstance | undefined;
}

/** A life of an instance, and the trust in it. */
interface Entry {
  readonly run: number;
  readonly circuit: Circuit;
}

/** The circuits of all instances. */
export class TrustBook {
  readonly #entries = new WeakMap<KeptInstance, Entry>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The well ones, and one whose rest is over. Where none is well all are asked as ever: better the engine's own failure
   * than none of its answers.
   */
  usable(ready: readonly KeptInstance[]): Usable {
    const well = ready.filter(({ instance }) => instance.state === 'ready');
    if (well.length === 0) return { pool: ready, onTrial: undefined };
    const nowMs = this.#clock.nowMs();
    const isFree = ({ running, places }: KeptInstance): boolean => running < places;
    const onTrial = ready.find((kept) => this.#circuit(kept).trust(nowMs) === 'due' && isFree(kept));
    return { pool: well, onTrial };
  }

  beginTrial(kept: KeptInstance): void {
    this.#circuit(kept).beginTrial();
  }

  /** A request of this life ended so. */
  note(kept: KeptInstance, run: number, outcome: Outcome | undefined): void {
    // What a life did that is over says nothing of the next.
    if (kept.instance.run !== run) return;
    const circuit = this.#circuit(kept);
    const nowMs = this.#clock.nowMs();
    const before = circuit.trust(nowMs);
    if (outcome === 'answered') circuit.answered();
    else if (isAppError(outcome) && isFault(outcome)) circuit.failed(nowMs);
    else circuit.endTrial();
    const after = circuit.trust(nowMs);
    if (after === 'trusted' && before !== 'trusted') kept.doubt(undefined);
    if (after === 'resting' && before === 'trusted') kept.doubt(doubtOf(outcome));
  }

  #circuit(kept: KeptInstance): Circuit {
    const { run } = kept.instance;
    const known = this.#entries.get(kept);
    if (known?.run === run) return known.circuit;
    const circuit = new Circuit();
    this.#entries.set(kept, { run, circuit });
    return circuit;
  }
}

/** Does it say something of the engine, and not only of one request? */
function isFault({ kind, code }: AppError): boolean {
  return (kind === 'engine' && code !== 'grammar_too_costly') || code === 'outbound_failed';
}

function doubtOf(outcome: Outcome | undefined): string {
  const last = isAppError(outcome) ? ` The last time: ${outcome.message}` : '';
  return `it says that it is well, but requests fail one after another.${last}`;
}
