/** A decoder without a model: logits are a function of the tokens its memory holds, and nothing else. */

import { expect } from 'vitest';
import type { Decoder, Run } from './decoder.ts';

/** What a test may look at. */
export interface StandIn extends Decoder {
  readonly batches: Run[][];
  /** Makes the next decode fail. */
  failNext: boolean;
  /** Called before each decode ends. */
  onDecode: () => void;
}

/** Checks what a real one would not forgive: gaps, overflow, two runs of one slot, too large batches. */
export function createStandIn(shape: {
  readonly slots: number;
  readonly contextPerSlot: number;
  readonly batchSize: number;
  readonly vocabularySize: number;
  readonly canCut?: boolean;
}): StandIn {
  const memory: number[][] = Array.from({ length: shape.slots }, () => []);
  const asked = new Set<number>();
  const standIn: StandIn = {
    ...shape,
    batches: [],
    failNext: false,
    onDecode: () => {},
    async decode(batch) {
      standIn.batches.push([...batch]);
      await Promise.resolve();
      standIn.onDecode();
      if (standIn.failNext) {
        standIn.failNext = false;
        throw new TypeError('decode failed');
      }
      expect(new Set(batch.map((run) => run.slot)).size).toBe(batch.length);
      expect(batch.reduce((sum, run) => sum + run.tokens.length, 0)).toBeLessThanOrEqual(shape.batchSize);
      asked.clear();
      for (const run of batch) {
        const held = memory[run.slot] ?? [];
        expect(run.position).toBe(held.length);
        held.push(...run.tokens);
        expect(held.length).toBeLessThanOrEqual(shape.contextPerSlot);
        if (run.output) asked.add(run.slot);
      }
    },
    logits(slot) {
      expect(asked.has(slot)).toBe(true);
      return logitsAfter(memory[slot] ?? [], shape.vocabularySize);
    },
    keep(slot, length) {
      const kept = shape.canCut === false ? 0 : length;
      memory[slot] = (memory[slot] ?? []).slice(0, kept);
      return kept;
    },
  };
  return standIn;
}

/** Numbers that any change of the prefix changes. */
export function logitsAfter(tokens: readonly number[], size: number): Float32Array {
  let hash = 2166136261;
  for (const token of tokens) hash = Math.imul(hash ^ (token + 1), 16777619);
  return Float32Array.from({ length: size }, (_, id) => {
    const mixed = Math.imul((hash ^ Math.imul(id + 1, 0x9e3779b1)) >>> 0, 0x85ebca6b);
    return (((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32) * 8 - 4;
  });
}
