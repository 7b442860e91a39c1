import { describe, expect, it } from 'vitest';
import { bitsPerWeight, quantisationIn } from './bits-per-weight.ts';

describe('quantisationIn', () => {
  it.each([
    ['Qwen3-8B-Q4_K_M.gguf', 'Q4_K_M'],
    ['qwen2.5-7b-instruct-q4_k_m-00001-of-00002.gguf', 'Q4_K_M'],
    ['Qwen3-8B-UD-Q4_K_XL.gguf', 'UD-Q4_K_XL'],
    ['gpt-oss-20b-mxfp4.gguf', 'MXFP4'],
    ['Hermes-3-Llama-3.1-8B.Q6_K.gguf', 'Q6_K'],
    ['BF16/model-bf16-00001-of-00004.gguf', 'BF16'],
    ['model-IQ2_XXS.gguf', 'IQ2_XXS'],
    ['llama3.2:3b-instruct-q8_0', 'Q8_0'],
    ['Phi-4.gguf', undefined],
    ['Q4_K_Medium.gguf', undefined],
  ])('%s → %s', (name, expected) => {
    expect(quantisationIn(name)).toBe(expected);
  });

  it('takes a long name in its stride', () => {
    expect(quantisationIn('-Q4_'.repeat(100_000))).toBeUndefined();
  });
});

describe('bitsPerWeight', () => {
  it('knows mixtures by what they are named after, and does not guess', () => {
    expect(bitsPerWeight('q4_k_m')).toBe(4.89);
    expect(bitsPerWeight('UD-Q4_K_XL')).toBe(4.89);
    expect(bitsPerWeight('Q6_K_L')).toBe(6.56);
    expect(bitsPerWeight('Q3_K_L')).toBe(4.3);
    expect(bitsPerWeight('fp16')).toBe(16);
    expect(bitsPerWeight('MXFP4_MOE')).toBe(4.6);
    expect(bitsPerWeight('Q9_Z')).toBeUndefined();
    expect(bitsPerWeight('constructor')).toBeUndefined();
  });
});
