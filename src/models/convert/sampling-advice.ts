/** The sampling that the makers of a checkpoint advise in its generation_config.json. */

import type { SamplingAdvice } from '../../fleet/model-spec.ts';
import { readJson } from './read-json.ts';

/** What is nonsense, or meant for answers without chance, counts as no advice. */
export function readSamplingAdvice(folder: string): SamplingAdvice {
  const advice = readJson(folder, 'generation_config.json') ?? {};
  if (advice['do_sample'] === false) return {};
  const read = (key: string, most: number): number | undefined => {
    const value = advice[key];
    return typeof value === 'number' && value >= 0 && value <= most ? value : undefined;
  };
  const temperature = read('temperature', 5);
  const topK = read('top_k', 1_000_000);
  const topP = read('top_p', 1);
  const minP = read('min_p', 1);
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topK !== undefined && { topK: Math.trunc(topK) }),
    ...(topP !== undefined && { topP }),
    ...(minP !== undefined && { minP }),
  };
}
