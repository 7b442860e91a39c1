/** The tensor encodings of GGUF and how many bytes they take. */

/** `blockSize` values are stored together in `blockBytes` bytes. */
export interface TensorEncoding {
  readonly name: string;
  readonly blockSize: number;
  readonly blockBytes: number;
}

const encoding = (name: string, blockSize: number, blockBytes: number): TensorEncoding => ({
  name,
  blockSize,
  blockBytes,
});

/** By the number that stands in the file (ggml's `enum ggml_type`; the gaps are encodings that were withdrawn). */
export const tensorEncodings: ReadonlyMap<number, TensorEncoding> = new Map([
  [0, encoding('F32', 1, 4)],
  [1, encoding('F16', 1, 2)],
  [2, encoding('Q4_0', 32, 18)],
  [3, encoding('Q4_1', 32, 20)],
  [6, encoding('Q5_0', 32, 22)],
  [7, encoding('Q5_1', 32, 24)],
  [8, encoding('Q8_0', 32, 34)],
  [9, encoding('Q8_1', 32, 36)],
  [10, encoding('Q2_K', 256, 84)],
  [11, encoding('Q3_K', 256, 110)],
  [12, encoding('Q4_K', 256, 144)],
  [13, encoding('Q5_K', 256, 176)],
  [14, encoding('Q6_K', 256, 210)],
  [15, encoding('Q8_K', 256, 292)],
  [16, encoding('IQ2_XXS', 256, 66)],
  [17, encoding('IQ2_XS', 256, 74)],
  [18, encoding('IQ3_XXS', 256, 98)],
  [19, encoding('IQ1_S', 256, 50)],
  [20, encoding('IQ4_NL', 32, 18)],
  [21, encoding('IQ3_S', 256, 110)],
  [22, encoding('IQ2_S', 256, 82)],
  [23, encoding('IQ4_XS', 256, 136)],
  [24, encoding('I8', 1, 1)],
  [25, encoding('I16', 1, 2)],
  [26, encoding('I32', 1, 4)],
  [27, encoding('I64', 1, 8)],
  [28, encoding('F64', 1, 8)],
  [29, encoding('IQ1_M', 256, 56)],
  [30, encoding('BF16', 1, 2)],
  [34, encoding('TQ1_0', 256, 54)],
  [35, encoding('TQ2_0', 256, 66)],
  [39, encoding('MXFP4', 32, 17)],
  [40, encoding('NVFP4', 64, 36)],
  [41, encoding('Q1_0', 128, 18)],
  [42, encoding('Q2_0', 64, 18)],
]);
