import { describe, expect, it } from 'vitest';
import { isAppError } from '../../base/errors.ts';
import { ggufVariants } from './gguf-variants.ts';
import { pickFiles, type WantedVariant } from './pick-files.ts';
import { quantisationOf } from './quantisation.ts';

const listing = (...paths: string[]) => ({
  repository: 'Org/Model-GGUF',
  files: paths.map((path, index) => ({ path, sizeBytes: (index + 1) * 1_000_000_000 })),
});

function refusal(held: ReturnType<typeof listing>, wanted?: WantedVariant) {
  try {
    return expect.fail(`picked ${pickFiles(held, wanted).name}`);
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
}

describe('quantisationOf', () => {
  it.each([
    ['qwen2.5-7b-instruct-q4_k_m.gguf', 'Q4_K_M'],
    ['Qwen3-8B-UD-Q4_K_XL.gguf', 'UD-Q4_K_XL'],
    ['Model.IQ3_M.gguf', 'IQ3_M'],
    ['model-IQ4_NL.gguf', 'IQ4_NL'],
    ['UD-IQ2_XXS/Model-UD-IQ2_XXS-00001-of-00002', 'UD-IQ2_XXS'],
    ['Model-BF16.gguf', 'BF16'],
    ['model-f16.gguf', 'F16'],
    ['model-fp16.gguf', 'F16'],
    ['mmproj-F32.gguf', 'F32'],
    ['gpt-oss-20b-MXFP4.gguf', 'MXFP4'],
    ['gpt-oss-20b-mxfp4_moe.gguf', 'MXFP4_MOE'],
    ['m-TQ1_0.gguf', 'TQ1_0'],
    ['m.Q4_0_4_8.gguf', 'Q4_0_4_8'],
    ['Q8_0/model.gguf', 'Q8_0'],
    ['Model-Q4_K_M-imat.gguf', 'Q4_K_M'],
    ['F16/m-Q4_K_S.gguf', 'Q4_K_S'],
    ['model.gguf', undefined],
    ['smolQ4_K_Mx.gguf', undefined],
  ])('%s → %s', (path, quantisation) => {
    expect(quantisationOf(path)).toBe(quantisation);
  });

  it('takes linear time', () => {
    expect(quantisationOf(`${'-UD-Q4_K_'.repeat(200_000)}x`)).toBe('UD-Q4_K');
  });
});

describe('ggufVariants', () => {
  it('puts parts together in order, in folders too', () => {
    const held = listing('BF16/m-BF16-00002-of-00002.gguf', 'BF16/m-BF16-00001-of-00002.gguf', 'm-Q4_K_M.gguf');
    expect(ggufVariants(held.files)).toEqual([
      {
        name: 'BF16/m-BF16',
        quantisation: 'BF16',
        files: [held.files[1], held.files[0]],
        missing: [],
        sizeBytes: 3_000_000_000,
      },
      { name: 'm-Q4_K_M', quantisation: 'Q4_K_M', files: [held.files[2]], missing: [], sizeBytes: 3_000_000_000 },
    ]);
  });

  it('names the parts that are missing', () => {
    const [variant] = ggufVariants(listing('m-Q8_0-00002-of-00003.gguf').files);
    expect(variant?.missing).toEqual(['m-Q8_0-00001-of-00003.gguf', 'm-Q8_0-00003-of-00003.gguf']);
  });

  it('puts the f16 projector beside the model, from its own folder first', () => {
    const projectorOf = (...paths: string[]) => ggufVariants(listing(...paths).files)[0]?.projector?.path;
    expect(projectorOf('m-Q4_0.gguf', 'mmproj-F32.gguf', 'mmproj-BF16.gguf', 'mmproj-F16.gguf')).toBe(
      'mmproj-F16.gguf',
    );
    expect(projectorOf('m-Q4_0.gguf', 'mmproj-F32.gguf')).toBe('mmproj-F32.gguf');
    expect(projectorOf('m-Q4_0.gguf', 'mmproj-model.gguf')).toBe('mmproj-model.gguf');
    expect(projectorOf('a/m-Q4_0.gguf', 'mmproj-F16.gguf', 'a/m-mmproj-f32.gguf')).toBe('a/m-mmproj-f32.gguf');
    expect(projectorOf('a/m-Q4_0.gguf', 'b/mmproj-F16.gguf')).toBeUndefined();
  });

  it('counts the projector, and takes neither importance matrices nor adapters for models', () => {
    const variants = ggufVariants(listing('m-Q4_0.gguf', 'mmproj-F16.gguf', 'imatrix.gguf', 'm-lora-f16.gguf').files);
    expect(variants.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([['m-Q4_0', 3_000_000_000]]);
  });

  it('takes impossible part numbers for names', () => {
    const names = ['m-00003-of-00002.gguf', 'm-00000-of-00002.gguf', 'm-00001-of-99999.gguf'];
    for (const name of names)
      expect(ggufVariants(listing(name).files)[0]).toMatchObject({ missing: [], name: name.slice(0, -5) });
  });
});

describe('pickFiles', () => {
  it.each([
    [['m-Q8_0.gguf', 'm-Q4_K_S.gguf', 'm-Q4_K_M.gguf'], 'm-Q4_K_M'],
    [['m-Q8_0.gguf', 'm-Q4_K_S.gguf', 'm-Q5_K_M.gguf'], 'm-Q4_K_S'],
    [['m-Q8_0.gguf', 'm-Q4_0.gguf'], 'm-Q4_0'],
    [['m-F16.gguf', 'm-Q2_K.gguf'], 'm-Q2_K'],
    [['m-mxfp4.gguf'], 'm-mxfp4'],
    [['m.gguf'], 'm'],
    [['m-Q4_K_M-00001-of-00002.gguf', 'm-Q8_0.gguf'], 'm-Q8_0'],
  ])('of %j takes %s when nobody says', (paths, name) => {
    expect(pickFiles(listing(...paths)).name).toBe(name);
  });

  it.each([
    ['q5_k_m', 'm-Q5_K_M'],
    ['Q4_K_XL', 'm-UD-Q4_K_XL'],
    ['UD-Q4_K_XL', 'm-UD-Q4_K_XL'],
  ])('takes %s', (quantisation, name) => {
    expect(pickFiles(listing('m-Q4_K_M.gguf', 'm-Q5_K_M.gguf', 'm-UD-Q4_K_XL.gguf'), { quantisation }).name).toBe(name);
  });

  it('takes a file, with its parts, by path or by name', () => {
    const held = listing('b/m-Q8_0-00001-of-00002.gguf', 'b/m-Q8_0-00002-of-00002.gguf', 'm-Q4_0.gguf');
    expect(pickFiles(held, { file: 'b/m-Q8_0-00002-of-00002.gguf' }).files).toHaveLength(2);
    expect(pickFiles(held, { file: 'M-q8_0-00001-of-00002.gguf' }).name).toBe('b/m-Q8_0');
    expect(refusal(held, { file: 'x.gguf' }).message).toContain("no model file 'x.gguf'");
  });

  it('lists the choices with sizes when the wanted one is not there', () => {
    const error = refusal(listing('m-Q4_0.gguf', 'm-Q8_0.gguf'), { quantisation: 'Q9' });
    expect(error.code).toBe('invalid_value');
    expect(error.message).toBe(
      "'Org/Model-GGUF' has no variant 'Q9'; choose one of:\n  Org/Model-GGUF:Q4_0  1.0 GB\n  Org/Model-GGUF:Q8_0  2.0 GB",
    );
  });

  it('asks which of several models is meant', () => {
    const { message } = refusal(listing('one-Q4_K_M.gguf', 'two-Q4_K_M.gguf'));
    expect(message).toContain('Org/Model-GGUF:one-Q4_K_M.gguf  1.0 GB');
    expect(message).toContain('Org/Model-GGUF:two-Q4_K_M.gguf');
  });

  it('names the missing part of what is wanted', () => {
    const held = listing('m-Q8_0-00001-of-00002.gguf', 'm-Q4_0.gguf');
    const error = refusal(held, { quantisation: 'Q8_0' });
    expect(error.code).toBe('download_refused');
    expect(error.message).toContain('m-Q8_0-00002-of-00002.gguf');
    expect(refusal(held, { quantisation: 'Q9' }).message).toContain('(incomplete)');
  });

  it('lists no more than thirty', () => {
    const many = listing(...Array.from({ length: 200 }, (_, index) => `m${index}-Q4_K_M.gguf`));
    expect(refusal(many).message.split('\n')).toHaveLength(32);
  });

  it('describes a repository without GGUF, and where one may be', () => {
    const files = [
      { path: 'model-1.safetensors', sizeBytes: 4e9 },
      { path: 'model-2.safetensors', sizeBytes: 1e9 },
      { path: 'pytorch_model.bin', sizeBytes: 5e8 },
    ];
    const { message } = refusal({ repository: 'Qwen/Qwen3-8B', files });
    expect(message).toContain('safetensors (2 files, 5.0 GB) and Python pickles (1 file, 500.0 MB)');
    expect(message).toContain("'Qwen/Qwen3-8B-GGUF' or 'unsloth/Qwen3-8B-GGUF'");
    expect(refusal(listing('README.md')).message).toBe("'Org/Model-GGUF' has no GGUF file. It holds 1 other files.");
  });
});
