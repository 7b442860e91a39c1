/** Adds up what an answer cost over all its attempts. */

import type { Usage } from '../chat/event.ts';

/** Nothing yet. */
export const noUsage: Usage = { promptTokens: 0, completionTokens: 0, cachedTokens: 0 };

/** The sum of two attempts. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
  };
}
