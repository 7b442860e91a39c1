/** All verdicts on tool calls that this server knows, at hand without waiting for the database. */

import type { Log } from '../../base/log.ts';
import type { ToolVerdict } from '../../fleet/tool-verdict.ts';
import type { Db } from '../../store/tables.ts';
import { listVerdicts, saveVerdict } from '../../store/verdicts.ts';

/** What a verdict is about. */
export type VerdictKey = Pick<ToolVerdict, 'weights' | 'format' | 'engine'>;

/** The verdicts; open it with `openVerdictShelf`. */
export class VerdictShelf {
  readonly #db: Db;
  /** By weights, newest first. */
  readonly #verdicts = new Map<string, readonly ToolVerdict[]>();

  /** `verdicts` are those of the database, newest first. */
  constructor(db: Db, verdicts: readonly ToolVerdict[]) {
    this.#db = db;
    for (const verdict of verdicts) this.#verdicts.set(verdict.weights, [...this.#of(verdict.weights), verdict]);
  }

  /** The verdict on exactly this. */
  find({ weights, format, engine }: VerdictKey): ToolVerdict | undefined {
    return this.#of(weights).find((verdict) => verdict.format === format && verdict.engine === engine);
  }

  /** The newest on these weights in this format by whichever engine, which it names, as it names its date. */
  lastOf({ weights, format }: Omit<VerdictKey, 'engine'>): ToolVerdict | undefined {
    return this.#of(weights).find((verdict) => verdict.format === format);
  }

  /** Takes a verdict in place of an earlier one on the same; rejects if it is known now but could not be written. */
  async keep(verdict: ToolVerdict): Promise<void> {
    const { weights, format, engine } = verdict;
    const others = this.#of(weights).filter((each) => each.format !== format || each.engine !== engine);
    this.#verdicts.set(weights, [verdict, ...others]);
    await saveVerdict(this.#db, verdict);
  }

  #of(weights: string): readonly ToolVerdict[] {
    return this.#verdicts.get(weights) ?? [];
  }
}

/** Reads all verdicts; ones that cannot be read are as if they had never been made, and will be made anew. */
export async function openVerdictShelf(db: Db, log: Log): Promise<VerdictShelf> {
  try {
    return new VerdictShelf(db, await listVerdicts(db));
  } catch (thrown) {
    log.error({ err: thrown }, 'the verdicts on tool calls cannot be read');
    return new VerdictShelf(db, []);
  }
}
