/** Names of weights: the same for the same content, another for any other. */

import { mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { scriptedSpec } from '../../../test/fixtures/scripted-engine.ts';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import { weightsId } from './verdict-weights.ts';

const folder = mkdtempSync(join(tmpdir(), 'weights-'));
afterAll(() => rmSync(folder, { recursive: true }));

let serial = 0;
function file(content: Uint8Array): string {
  const path = join(folder, `${++serial}.gguf`);
  writeFileSync(path, content);
  return path;
}

/** Differs everywhere for each seed, as weights do. */
function weights(sizeBytes: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: sizeBytes }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

const specOf = (files: readonly string[], changes: Partial<ModelSpec> = {}): ModelSpec => ({
  ...scriptedSpec('{{ messages }}'),
  files,
  ...changes,
});
const idOf = (spec: ModelSpec, chatTemplate?: string): string =>
  weightsId(spec, chatTemplate === undefined ? {} : { chatTemplate });

const large = 2 ** 20 + 7;

it('is the same wherever the files lie', () => {
  const path = file(weights(large, 1));
  const first = idOf(specOf([path]));
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  renameSync(path, `${path}.moved`);
  expect(idOf(specOf([`${path}.moved`], { name: 'moved' }))).toBe(first);
});

it('differs with content, sizes, facts and template', () => {
  const path = file(weights(large, 1));
  const split = weights(large, 1);
  const ids = [
    idOf(specOf([path])),
    idOf(specOf([file(weights(large, 2))])),
    idOf(specOf([file(weights(large - 1, 1))])),
    idOf(specOf([file(split.subarray(0, 1000)), file(split.subarray(1000))])),
    idOf(specOf([file(split.subarray(0, 1001)), file(split.subarray(1001))])),
    idOf(specOf([path], { parameterCount: 7 })),
    idOf(specOf([path], { template: '{{ tools }}' })),
    idOf(specOf([])),
    idOf(specOf([], { name: 'other' })),
    idOf(specOf([file(new Uint8Array())])),
    idOf(specOf([file(Uint8Array.of(1))])),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  expect(idOf(specOf([path]), '{{ tools }}')).toBe(ids[6]);
});

it('sees a change in the first and the last bytes, and in each of the parts', () => {
  const parts = [5, 6, 7].map((seed) => weights(large, seed));
  const idWith = (change: (parts: readonly Uint8Array[]) => void): string => {
    const copies = parts.map((part) => part.slice());
    change(copies);
    return idOf(specOf(copies.map(file)));
  };
  const flip = (place: number, part: number) => (copies: readonly Uint8Array[]) => {
    const bytes = copies[part];
    if (bytes !== undefined) bytes[place] = (bytes[place] ?? 0) ^ 1;
  };
  const ids = [idWith(() => {}), idWith(flip(0, 0)), idWith(flip(large - 1, 2))];
  for (const part of [0, 1, 2]) ids.push(idWith((copies) => copies[part]?.fill(part, 1000, large - 1000)));
  expect(new Set(ids).size).toBe(ids.length);
});

it('is asked again of files that could not be read, and remembered of others', () => {
  const path = file(weights(large, 3));
  const spec = specOf([`${path}.later`]);
  const unread = idOf(spec);
  renameSync(path, `${path}.later`);
  const read = idOf(spec);
  expect(read).not.toBe(unread);
  truncateSync(`${path}.later`, 10);
  expect(idOf(spec)).toBe(read);
  expect(idOf(specOf([folder]))).toBe(idOf(specOf([join(folder, 'nowhere')])));
});
