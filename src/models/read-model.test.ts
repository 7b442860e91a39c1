import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { isAppError } from '../base/errors.ts';
import { type FixtureModel, ggufBytes, tinyModel, u32, u64 } from './fixtures/gguf-bytes.ts';
import { readGguf } from './gguf.ts';
import { readModel } from './read-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'models-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let written = 0;
function write(bytes: Buffer, name = `m${written++}.gguf`): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function without(key: string): FixtureModel {
  const { [key]: _, ...metadata } = tinyModel.metadata;
  return { ...tinyModel, metadata };
}

function failure(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isAppError(error) && error.code === 'model_unusable') return error.message;
    throw error;
  }
  return 'nothing was thrown';
}

describe('readModel', () => {
  it('tells everything a deployment needs', () => {
    const path = write(ggufBytes(tinyModel));
    expect(readModel(path)).toEqual({
      name: 'Tiny',
      files: [path],
      architecture: 'llama',
      parameterCount: 64 * 6 + 64,
      trainedContext: 4096,
      vocabularySize: 6,
      template: '{{ messages[0].content }}',
      bosToken: '<s>',
      eosToken: '<|im_end|>',
      specialTokens: ['<s>', '</s>', '<|im_end|>', '<think>'],
      sizeBytes: ggufBytes(tinyModel).length,
      // 2 layers × 2 heads × (16 + 16) values × 2 bytes
      kvBytesPerToken: 256,
      sampling: {},
    });
  });

  it('reads version 2, prefers the template for tools, and names a nameless model after its file', () => {
    const { ['general.name']: _, ...metadata } = tinyModel.metadata;
    const model = {
      ...tinyModel,
      version: 2,
      metadata: { ...metadata, 'tokenizer.chat_template.tool_use': { text: 'T' } },
    };
    const spec = readModel(write(ggufBytes(model), 'nameless-7b.gguf'));
    expect([spec.name, spec.template]).toEqual(['nameless-7b', 'T']);
  });

  it('counts only the layers that have heads', () => {
    const heads = { 'llama.attention.head_count_kv': { i32s: [0, 2] } };
    const spec = readModel(write(ggufBytes({ ...tinyModel, metadata: { ...tinyModel.metadata, ...heads } })));
    expect(spec.kvBytesPerToken).toBe(128);
  });

  it('takes the sampling its makers advise, and no nonsense', () => {
    const advice = { 'general.sampling.temp': { f32: 0 }, 'general.sampling.top_p': { f32: 7 } };
    const advised = { ...tinyModel, metadata: { ...tinyModel.metadata, ...advice } };
    expect(readModel(write(ggufBytes(advised))).sampling).toEqual({ temperature: 0 });
  });

  it('accepts a folder with one model, beside a projector', () => {
    const inside = join(folder, 'one');
    mkdirSync(inside);
    writeFileSync(join(inside, 'mmproj-tiny.gguf'), 'x');
    writeFileSync(join(inside, 'tiny.gguf'), ggufBytes(tinyModel));
    expect(readModel(inside).name).toBe('Tiny');
  });

  it('joins the parts of a split model and names the one that is missing', () => {
    const [embedding, norm] = tinyModel.tensors;
    if (embedding === undefined || norm === undefined) throw new TypeError('the fixture has two tensors');
    write(ggufBytes({ ...tinyModel, tensors: [embedding] }), 's-00001-of-00002.gguf');
    const second = join(folder, 's-00002-of-00002.gguf');
    expect(failure(() => readModel(join(folder, 's-00001-of-00002.gguf')))).toContain(second);
    write(ggufBytes({ metadata: { 'split.no': { u32: 1 } }, tensors: [norm] }), 's-00002-of-00002.gguf');
    const spec = readModel(second);
    expect([spec.files.length, spec.parameterCount]).toEqual([2, 448]);
  });
});

describe('a file that cannot be served', () => {
  const empty: FixtureModel = { metadata: {}, tensors: [] };
  const tensor = (shape: number[], type = 0): FixtureModel => ({
    ...tinyModel,
    tensors: [{ name: 't', shape, type }],
    dataBytes: 1024,
  });
  const start = (entries: number) => [Buffer.from('GGUF'), u32(3), u64(0), u64(entries)];
  const cases: ReadonlyArray<readonly [string, Buffer, string]> = [
    ['an empty file', Buffer.alloc(0), 'only 0 bytes'],
    ['a text', Buffer.from('hello world, this is not a model at all'), 'not a GGUF file'],
    ['version 1', ggufBytes({ ...empty, version: 1 }), 'version 1'],
    ['the other byte order', ggufBytes({ ...empty, version: 3 * 2 ** 24 }), 'big-endian'],
    ['a huge count of entries', ggufBytes({ ...empty, claims: { entries: 2 ** 52 } }), 'claims to hold'],
    ['a huge count of tensors', ggufBytes({ ...empty, claims: { tensors: 2 ** 40 } }), 'claims to hold'],
    ['more entries than there are', ggufBytes({ ...empty, claims: { entries: 9 } }), 'ends'],
    ['a key longer than the file', Buffer.concat([...start(1), u64(2 ** 50), Buffer.alloc(64)]), 'ends in the middle'],
    [
      'an array longer than the file',
      Buffer.concat([...start(1), u64(1), Buffer.from('a'), u32(9), u32(8), u64(2 ** 60)]),
      'ends before',
    ],
    [
      'an array of arrays',
      Buffer.concat([...start(1), u64(1), Buffer.from('a'), u32(9), u32(9), u64(1)]),
      'unknown type 9',
    ],
    [
      'an unknown value type',
      Buffer.concat([...start(1), u64(1), Buffer.from('a'), u32(77), u64(0)]),
      'unknown type 77',
    ],
    ['five dimensions', ggufBytes(tensor([1, 1, 1, 1, 1])), '5 dimensions'],
    ['an overflowing shape', ggufBytes(tensor([2 ** 40, 2 ** 40])), 'impossible shape'],
    ['a broken block', ggufBytes(tensor([33], 2)), 'impossible shape'],
    ['an unknown encoding', ggufBytes(tensor([32], 4)), 'unknown encoding 4'],
    ['missing weights', ggufBytes({ ...tinyModel, dataBytes: 100 }), 'truncated'],
    ['no weights', ggufBytes({ ...tinyModel, tensors: [] }), 'no weights'],
    ['no architecture', ggufBytes(without('general.architecture')), 'architecture'],
    ['no context length', ggufBytes(without('llama.context_length')), "lacks 'llama.context_length'"],
    ['no tokens', ggufBytes(without('tokenizer.ggml.tokens')), 'no list of tokens'],
    ['a projector', ggufBytes({ ...tinyModel, metadata: { 'general.architecture': { text: 'clip' } } }), 'projector'],
    [
      'an adapter',
      ggufBytes({ ...tinyModel, metadata: { ...tinyModel.metadata, 'general.type': { text: 'adapter' } } }),
      'LoRA',
    ],
  ];
  it.each(cases)('%s', (_, bytes, reason) => {
    expect(failure(() => readModel(write(bytes)))).toContain(reason);
  });

  it('is refused at every length shorter than its own', () => {
    const path = write(ggufBytes(tinyModel), 'shrinking.gguf');
    // The last tensor is smaller than the space the fixture leaves for it.
    const needed = Math.max(...readGguf(path).tensors.map((tensor) => tensor.offset + tensor.sizeBytes));
    for (let length = needed - 1; length >= 0; length -= 13) {
      truncateSync(path, length);
      expect(failure(() => readModel(path))).toContain('cannot be served');
    }
  });

  it('never fails in another way, whatever bytes are changed', () => {
    const honest = ggufBytes(tinyModel);
    const path = write(honest, 'mutated.gguf');
    const change = fc.tuple(fc.nat(honest.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Buffer.from(honest);
        for (const [at, value] of changes) bytes[at] = value;
        writeFileSync(path, bytes);
        try {
          readModel(path);
        } catch (error) {
          if (!isAppError(error) || error.code !== 'model_unusable') throw error;
        }
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});
