/** Which of several instances a request is given to: its own if that is not clearly busier, else the least busy. */

import { hashText } from '../../base/text-hash.ts';

/** What the choice depends on. */
export interface Choosable {
  readonly id: string;
  /** Requests under way. */
  readonly running: number;
  /** Requests that it takes at once. */
  readonly places: number;
}

/** An instance that keeps a conversation's prefix may be so much busier than the average. */
const bound = 1.25;

/**
 * Undefined = all places are taken. Requests of one affinity prefer the instances in one order of their own, and take
 * the first that is not above its fair share; when instances come and go, few affinities move.
 */
export function chooseInstance<T extends Choosable>(pool: readonly T[], affinity: string | undefined): T | undefined {
  const free = pool.filter(({ running, places }) => running < places);
  const [leastBusy] = [...free].sort((a, b) => a.running - b.running);
  if (affinity === undefined || free.length < 2) return leastBusy;
  const running = pool.reduce((sum, each) => sum + each.running, 0);
  const share = Math.ceil((bound * (running + 1)) / pool.length);
  const scored = free.map((each) => ({ each, score: hashText(`${affinity} ${each.id}`) }));
  const preferred = scored.sort((a, b) => b.score - a.score).find(({ each }) => each.running < share);
  return preferred?.each ?? leastBusy;
}
