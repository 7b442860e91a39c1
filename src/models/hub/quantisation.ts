/** How weights are quantised, as their files' names tell it. */

/**
 * The types of llama.cpp (tools/quantize/quantize.cpp), the sizes that quantisers add to them (`Q4_K_XL`), and the
 * `UD-` of Unsloth's own mixtures.
 */
const spelling =
  /(?:^|[-_./])((?:UD-)?(?:IQ[1-4]_(?:XXS|XS|S|M|NL|XL)|T?Q[1-8]_(?:K(?:_(?:XXS|XS|S|M|L|XL|XXL))?|[01](?:_[48]_[48])?)|MXFP4(?:_MOE)?|NVFP4|BF16|FP?16|FP?32))(?=$|[-_./])/gi;

/** The quantisation in a file's path, in capitals; the last one counts, for folders and models have names too. */
export function quantisationOf(path: string): string | undefined {
  const bare = path.replace(/\.gguf$/i, '');
  let found: string | undefined;
  for (const match of bare.matchAll(spelling)) found = match[1];
  return found?.toUpperCase().replace(/^FP(16|32)$/, 'F$1');
}

/** What is taken when nobody says: good and small first, the whole weights last. */
export const usualOrder: readonly string[] = [
  ...['Q4_K_M', 'Q4_K_S', 'Q5_K_M', 'Q4_0', 'Q8_0', 'UD-Q4_K_XL', 'Q4_K_L', 'Q4_K', 'MXFP4', 'MXFP4_MOE'],
  ...['Q5_K_S', 'Q5_K', 'Q5_0', 'Q6_K', 'IQ4_XS', 'IQ4_NL', 'Q4_1', 'Q5_1', 'UD-Q5_K_XL', 'UD-Q6_K_XL', 'UD-Q8_K_XL'],
  ...[
    'Q3_K_L',
    'Q3_K_M',
    'UD-Q3_K_XL',
    'IQ3_M',
    'Q3_K_S',
    'IQ3_XS',
    'Q2_K',
    'UD-Q2_K_XL',
    'IQ2_M',
    'BF16',
    'F16',
    'F32',
  ],
];
