import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isAppError } from '../base/errors.ts';
import { findSafetensors, resolveModel } from './resolve-model.ts';

const root = mkdtempSync(join(tmpdir(), 'resolve model-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function put(...names: string[]): void {
  for (const name of names) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), '');
  }
}

function advice(input: string): string {
  try {
    return resolveModel(input, root);
  } catch (error) {
    if (isAppError(error) && error.code === 'model_unusable') return error.message;
    throw error;
  }
}

put(
  'a.gguf',
  'one/x.gguf',
  'two/a-Q4.gguf',
  'two/b-Q8.gguf',
  'empty/readme.md',
  'st/model.safetensors',
  'st/config.json',
  'st/model.safetensors.index.json',
  'both/model.safetensors',
  'both/model.gguf',
  'w/pytorch.bin',
);
put('Org/Model/m.gguf', 'split/m-00001-of-00002.gguf', 'split/m-00002-of-00002.gguf', 'half/m-00002-of-00002.gguf');

describe('resolveModel', () => {
  it.each([
    ['a.gguf', 'a.gguf'],
    ['one', 'one/x.gguf'],
    ['split', 'split/m-00001-of-00002.gguf'],
    ['split/m-00002-of-00002.gguf', 'split/m-00001-of-00002.gguf'],
    ['Org/Model', 'Org/Model/m.gguf'],
  ])('finds %s', (input, file) => {
    expect(advice(input)).toBe(join(root, file));
  });

  it.each([
    ['two', ['holds 2 models', 'a-Q4.gguf', 'b-Q8.gguf']],
    ['empty', ['neither a GGUF file nor safetensors']],
    ['half', ['one is missing', 'm-00001-of-00002.gguf']],
    ['st/config.json', ['name its folder', join(root, 'st')]],
    ['w', ['pickles']],
    ['w/pytorch.bin', ['pickles']],
    ['nowhere.gguf', ['nothing at', '--model']],
  ])('advises on %s', (input, parts) => {
    const message = advice(input);
    for (const part of parts) expect(message).toContain(part);
  });

  it('quotes for the shell', () => {
    expect(advice("it's gone.gguf")).toContain(`--served-model-name 'it'\\''s gone'`);
  });
});

describe('findSafetensors', () => {
  it.each(['st', 'st/model.safetensors', 'st/model.safetensors.index.json'])('finds the folder of %s', (input) => {
    expect(findSafetensors(input, root)).toBe(join(root, 'st'));
  });

  it.each(['one', 'both', 'empty', 'a.gguf', 'nowhere', 'nowhere.safetensors', 'w'])('finds none in %s', (input) => {
    expect(findSafetensors(input, root)).toBeUndefined();
  });
});
