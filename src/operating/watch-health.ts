/** Asks an engine now and then whether it is well. */

import type { EngineClient } from '../engines/engine.ts';
import { Bell } from './bell.ts';

/** How to watch, and whom to tell. */
export interface HealthWatch {
  /** Between two questions, and for an answer. */
  readonly everyMs: number;
  readonly signal: AbortSignal;
  /** Told after every question. */
  readonly tell: (isWell: boolean) => void;
}

/** So many questions in a row may stay without an answer. */
const maxSilence = 6;

/** Resolves with true when it has been silent for too long, with false when `signal` aborts. */
export async function watchHealth(
  client: Pick<EngineClient, 'stats'>,
  { everyMs, signal, tell }: HealthWatch,
): Promise<boolean> {
  const rest = new Bell();
  for (let silence = 0; silence < maxSilence; ) {
    await rest.next(signal, everyMs).catch(() => {});
    if (signal.aborted) return false;
    const isWell = await answersWithin(client, everyMs);
    if (signal.aborted) return false;
    silence = isWell ? 0 : silence + 1;
    tell(isWell);
  }
  return true;
}

async function answersWithin(client: Pick<EngineClient, 'stats'>, ms: number): Promise<boolean> {
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
