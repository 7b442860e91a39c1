/** Llama 3's scaling of positions as the table of divisors that llama.cpp reads (`rope_freqs.weight`). */

import type { Rope, RopeScaling } from './model-config.ts';

/**
 * One divisor for each pair of a head: 1 for the fast frequencies, `factor` for the slow ones, and between them a blend
 * (transformers, `modeling_rope_utils.py`, `_compute_llama3_parameters`).
 */
export function ropeFactors(
  base: Rope['base'],
  scaling: Extract<RopeScaling, { kind: 'llama3' }>,
  headSize: number,
): Float32Array {
  const { factor, lowFactor, highFactor, originalContext } = scaling;
  return Float32Array.from({ length: headSize / 2 }, (_, pair) => {
    const wavelength = 2 * Math.PI * base ** ((2 * pair) / headSize);
    if (wavelength < originalContext / highFactor) return 1;
    if (wavelength > originalContext / lowFactor) return factor;
    const share = (originalContext / wavelength - lowFactor) / (highFactor - lowFactor);
    return 1 / ((1 - share) / factor + share);
  });
}
