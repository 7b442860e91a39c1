/** The hub to take when nobody names one: Hugging Face, or ModelScope where the first is silent. */

import type { Clock } from '../../base/clock.ts';
import type { Hub } from './hub.ts';

/** A hub and, where it is not the first choice, why. */
export interface HubChoice {
  readonly hub: Hub;
  readonly note?: string;
}

/** What the choice is made of. */
export interface AutoHubParts {
  readonly first: Hub;
  readonly second: Hub;
  readonly clock: Clock;
  /** No answer within this time is silence; default 3 s. */
  readonly silentAfterMs?: number;
}

/** Chooses, and remembers it for some minutes. */
export interface AutoHub {
  choose(): Promise<HubChoice>;
}

/** For how long a choice holds. */
const rememberedMs = 5 * 60_000;

/** Makes the choice between two hubs; callers at the same time share one look. */
export function createAutoHub({ first, second, clock, silentAfterMs = 3_000 }: AutoHubParts): AutoHub {
  let known: { readonly choice: HubChoice; readonly untilMs: number } | undefined;
  let looking: Promise<HubChoice> | undefined;

  const look = async (): Promise<HubChoice> => {
    if (await first.answers(silentAfterMs)) return remember({ hub: first });
    // With both silent the first is asked after all: its own error says what is wrong.
    if (!(await second.answers(silentAfterMs))) return { hub: first };
    const silence = `${first.title} (${first.endpoint}) did not answer within ${silentAfterMs / 1000} s`;
    return remember({
      hub: second,
      note: `${silence}; ${second.title} is used for the next ${rememberedMs / 60_000} minutes.`,
    });
  };
  const remember = (choice: HubChoice): HubChoice => {
    known = { choice, untilMs: clock.nowMs() + rememberedMs };
    return choice;
  };

  return {
    choose: async () => {
      if (known !== undefined && clock.nowMs() < known.untilMs) return known.choice;
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
  };
}
