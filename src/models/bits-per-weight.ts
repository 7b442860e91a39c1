/** How much one weight takes in each quantisation, and which quantisation a file's name states. */

/** As measured on Llama 3.1 8B (llama.cpp, tools/quantize/README.md); other models differ by a few percent. */
const bits: Readonly<Record<string, number>> = {
  IQ1_S: 2,
  IQ1_M: 2.15,
  IQ2_XXS: 2.38,
  IQ2_XS: 2.59,
  IQ2_S: 2.74,
  IQ2_M: 2.93,
  IQ3_XXS: 3.25,
  IQ3_XS: 3.5,
  IQ3_S: 3.66,
  IQ3_M: 3.76,
  IQ4_XS: 4.46,
  IQ4_NL: 4.68,
  Q2_K_S: 2.97,
  Q2_K: 3.16,
  Q3_K_S: 3.64,
  Q3_K_M: 4,
  Q3_K_L: 4.3,
  Q4_K_S: 4.67,
  Q4_K_M: 4.89,
  Q5_K_S: 5.57,
  Q5_K_M: 5.7,
  Q6_K: 6.56,
  Q8_0: 8.5,
  // By their blocks (`gguf-type.ts`), with some weights kept at more.
  Q4_0: 4.6,
  Q4_1: 5.1,
  Q5_0: 5.6,
  Q5_1: 6.1,
  MXFP4: 4.6,
  F16: 16,
  BF16: 16,
  F32: 32,
};

/** Bits for each weight; undefined for a quantisation that is not known. */
export function bitsPerWeight(quantisation: string): number | undefined {
  const name = quantisation.toUpperCase();
  // Mixtures (`UD-Q4_K_XL`, `Q6_K_L`) lie near what they are named after; `FP16` is another spelling.
  const plain = name.replace(/^UD-/, '').replace(/^FP/, 'F');
  const known = bits[plain] ?? bits[plain.replace(/_(X?L|MOE)$/, '')];
  return known ?? bits[plain.replace(/_X?L$/, '_M')];
}

const named =
  /(?:^|[-._/])((?:UD-)?(?:I?Q[1-8]_(?:[01]|K|NL|XXS|XS|S|M)(?:_(?:XL|S|M|L))?|MXFP4(?:_MOE)?|B?F16|FP16|F32))(?=[-./]|$)/gi;

/** The quantisation that stands in a file's name or a tag, upper case; the last one if there are several. */
export function quantisationIn(name: string): string | undefined {
  return [...name.slice(0, 1_024).matchAll(named)].at(-1)?.[1]?.toUpperCase();
}
