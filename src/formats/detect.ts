/** Finds the format that a model's chat template speaks. */

import type { ModelFacts, ToolFormat } from './format.ts';

/** The choice, how sure it is, and the sentence that explains it to an operator. */
export interface Detection {
  readonly format: ToolFormat;
  readonly score: number;
  /** The distance to the next best. */
  readonly margin: number;
  readonly evidence: string;
}

/** The format with the highest score; of equals the first. */
export function detectFormat(facts: ModelFacts, formats: readonly [ToolFormat, ...ToolFormat[]]): Detection {
  const scored = formats.map((format) => ({ format, ...format.detect(facts) }));
  const best = scored.reduce((one, other) => (other.score > one.score ? other : one));
  const others = scored.filter(({ format, score }) => score > 0 && format !== best.format);
  const second = others.reduce((highest, { score }) => Math.max(highest, score), 0);
  const also = others.length === 0 ? '' : `; also possible: ${others.map(({ format }) => format.name).join(', ')}`;
  const evidence = `${best.format.name} (${best.evidence.join(', ')}; score ${best.score}${also})`;
  return { format: best.format, score: best.score, margin: best.score - second, evidence };
}
