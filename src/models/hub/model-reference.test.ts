import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../../base/errors.ts';
import { parseModelReference } from './model-reference.ts';

const parse = (text: string, ...existing: string[]) => parseModelReference(text, (path) => existing.includes(path));
const hub = (repository: string, more: object = {}) => ({ kind: 'hub', hub: 'auto', repository, ...more });

describe('parseModelReference', () => {
  it.each([
    ['bundled', { kind: 'bundled' }],
    ['Qwen/Qwen3-8B-GGUF', hub('Qwen/Qwen3-8B-GGUF')],
    [' Qwen/Qwen3-8B-GGUF ', hub('Qwen/Qwen3-8B-GGUF')],
    ['Qwen/Qwen3-8B-GGUF:Q4_K_M', hub('Qwen/Qwen3-8B-GGUF', { quantisation: 'Q4_K_M' })],
    ['hf:Qwen/Qwen3-8B-GGUF', hub('Qwen/Qwen3-8B-GGUF', { hub: 'huggingface' })],
    ['HF:Qwen/Qwen3-8B-GGUF', hub('Qwen/Qwen3-8B-GGUF', { hub: 'huggingface' })],
    ['ms:Qwen/Qwen3-8B-GGUF:q8_0', hub('Qwen/Qwen3-8B-GGUF', { hub: 'modelscope', quantisation: 'q8_0' })],
    ['hf.co/a/b:Q4_K_M', hub('a/b', { hub: 'huggingface', quantisation: 'Q4_K_M' })],
    ['a/b@v1.0', hub('a/b', { revision: 'v1.0' })],
    ['a/b@refs/pr/3:Q8_0', hub('a/b', { revision: 'refs/pr/3', quantisation: 'Q8_0' })],
    ['a/b:Q8_0@v1', hub('a/b', { revision: 'v1', quantisation: 'Q8_0' })],
    ['a/b:sub/x-Q8_0.gguf', hub('a/b', { file: 'sub/x-Q8_0.gguf' })],
    ['https://example.test/x/model.gguf', { kind: 'url', url: 'https://example.test/x/model.gguf' }],
    ['https://example.test/m.GGUF?sig=1', { kind: 'url', url: 'https://example.test/m.GGUF?sig=1' }],
    ['https://huggingface.co/a/b', hub('a/b', { hub: 'huggingface' })],
    ['https://huggingface.co/a/b/', hub('a/b', { hub: 'huggingface' })],
    ['https://huggingface.co/a/b/tree/main', hub('a/b', { hub: 'huggingface', revision: 'main' })],
    [
      'https://huggingface.co/a/b/blob/main/sub/x%20y.gguf',
      hub('a/b', { hub: 'huggingface', revision: 'main', file: 'sub/x y.gguf' }),
    ],
    [
      'https://huggingface.co/a/b/resolve/v1/x.gguf?download=true',
      hub('a/b', { hub: 'huggingface', revision: 'v1', file: 'x.gguf' }),
    ],
    ['https://www.modelscope.cn/models/a/b/files', hub('a/b', { hub: 'modelscope' })],
    [
      'https://modelscope.cn/models/a/b/resolve/master/x.gguf',
      hub('a/b', { hub: 'modelscope', revision: 'master', file: 'x.gguf' }),
    ],
    ['./model.gguf', { kind: 'local', path: './model.gguf' }],
    ['model.gguf', { kind: 'local', path: 'model.gguf' }],
    ['models/model.gguf', { kind: 'local', path: 'models/model.gguf' }],
    ['/srv/models/qwen', { kind: 'local', path: '/srv/models/qwen' }],
    ['~/models/qwen', { kind: 'local', path: '~/models/qwen' }],
    ['C:\\models\\q.gguf', { kind: 'local', path: 'C:\\models\\q.gguf' }],
    ['qwen3-8b', { kind: 'catalogue', name: 'qwen3-8b' }],
    ['qwen3-8b:Q5_K_M', { kind: 'catalogue', name: 'qwen3-8b', quantisation: 'Q5_K_M' }],
  ])('%s', (text, source) => {
    expect(parse(text)).toEqual(source);
  });

  it('takes a path that exists for a path, unless a hub is named', () => {
    expect(parse('Org/Model', 'Org/Model')).toEqual({ kind: 'local', path: 'Org/Model' });
    expect(parse('hf:Org/Model', 'hf:Org/Model')).toEqual(hub('Org/Model', { hub: 'huggingface' }));
    expect(parse('qwen', 'qwen')).toEqual({ kind: 'local', path: 'qwen' });
  });

  it.each([
    ['', 'names no model'],
    ['a/b/c', "'a/b/c' is not owner/name"],
    ['hf:one', "'one' is not owner/name"],
    ['hf:../..', "'../..' is not owner/name"],
    ['a/b:', "':' is not"],
    ['a/b@', "'@' is not"],
    ['a/b@x@y', "'@x@y' is not"],
    ['a/b@x:Q4@y', 'is not'],
    ['a/b:Q4 K', 'neither a quantisation nor a GGUF file'],
    ['a/b:weights.safetensors/', 'neither a quantisation'],
    ['ftp://example.test/m.gguf', 'only http:// and https://'],
    ['https://example.test/m.safetensors?secret=1', 'no address of a GGUF file'],
    ['https://user:secret@example.test/m.gguf', 'must not hold a password'],
    ['https://huggingface.co/datasets', 'is not owner/name'],
    ['https://huggingface.co/a/b/discussions', 'no page of a model'],
    ['https://huggingface.co/a/b/blob/main/x.bin', 'no GGUF'],
    ['what?', 'no name of the catalogue'],
    ['a\u0000b', 'names no model'],
  ])('refuses %j and says what would be right', (text, reason) => {
    const message = messageOf(text);
    expect(message).toContain(reason);
    expect(message).toContain('Qwen/Qwen3-8B-GGUF');
    expect(message).not.toContain('secret');
  });

  it('answers any text with a source or an error of ours', () => {
    const pieces = fc.constantFrom(
      'hf:',
      'ms:',
      'a',
      '/',
      ':',
      '@',
      '.',
      '..',
      '.gguf',
      'https://',
      'huggingface.co',
      '%',
      '%2e',
      ' ',
      '?',
      '#',
      '\\',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const source = sourceOf(text);
        if (source?.kind === 'hub') {
          expect(source.repository).toMatch(/^[\w.-]+\/[\w.-]+$/);
          expect(source.repository.split('/')).not.toContain('..');
        }
      }),
      { seed: 5, numRuns: 3_000 },
    );
  });
});

function sourceOf(text: string) {
  try {
    return parse(text);
  } catch (error) {
    if (isAppError(error) && error.code === 'invalid_value') return undefined;
    throw error;
  }
}

function messageOf(text: string): string {
  try {
    return JSON.stringify(parse(text));
  } catch (error) {
    if (isAppError(error)) return error.message;
    throw error;
  }
}
