/** In which encoding each tensor is written, and how large that makes the file. */

import { alignment, paddingAfter, type TensorEntry } from './gguf-header.ts';
import { q8Bytes, q8Values } from './number-formats.ts';
import type { PlannedTensor } from './plan-tensors.ts';

/** `wide` keeps the checkpoint's own precision of 16 bits, `q8_0` takes about half of that. */
export type Precision = 'wide' | 'q8_0';

/** How one tensor is written. */
export type TargetType = 'F32' | 'F16' | 'BF16' | 'Q8_0';

/** ggml's numbers (`enum ggml_type`) and llama.cpp's for whole files (`enum llama_ftype`). */
const typeNumbers: Readonly<Record<TargetType, number>> = { F32: 0, F16: 1, Q8_0: 8, BF16: 30 };
const fileNumbers: Readonly<Record<TargetType, number>> = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 };

/** A tensor with its place in the header. */
export interface TargetTensor {
  readonly planned: PlannedTensor;
  readonly type: TargetType;
  readonly entry: TensorEntry;
}

/** What a file will be. */
export interface Target {
  readonly type: TargetType;
  readonly fileType: number;
  readonly tensors: readonly TargetTensor[];
  /** Without the header. */
  readonly sizeBytes: number;
}

/** Decides for all tensors. */
export function chooseTarget(planned: readonly PlannedTensor[], precision: Precision): Target {
  const tensors = planned.map((tensor) => toTarget(tensor, precision));
  const type = tensors.find(({ planned: { shape } }) => shape.length > 1)?.type ?? 'F32';
  const sizeBytes = tensors.reduce(
    (sum, { entry }) => sum + entry.sizeBytes + paddingAfter(entry.sizeBytes),
    alignment,
  );
  return { type, fileType: fileNumbers[type], tensors, sizeBytes };
}

function toTarget(planned: PlannedTensor, precision: Precision): TargetTensor {
  const type = targetType(planned, precision);
  const { name, shape } = planned;
  const values = shape.reduce((product, extent) => product * extent, 1);
  const entry = { name, shape: shape.toReversed(), type: typeNumbers[type], sizeBytes: sizeOf(type, values) };
  return { planned, type, entry };
}

/** Norms and biases stay whole: they are small, and llama.cpp wants them so. */
function targetType({ from, shape }: PlannedTensor, precision: Precision): TargetType {
  if (from instanceof Float32Array || shape.length === 1) return 'F32';
  const fitsBlocks = (shape.at(-1) ?? 0) % q8Values === 0;
  if (precision === 'q8_0' && fitsBlocks) return 'Q8_0';
  return from.type === 'BF16' ? 'BF16' : 'F16';
}

function sizeOf(type: TargetType, values: number): number {
  if (type === 'Q8_0') return (values / q8Values) * q8Bytes;
  return type === 'F32' ? values * 4 : values * 2;
}
