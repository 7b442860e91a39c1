import { describe, expect, it } from 'vitest';
import { findWeightFiles, pickWeights } from './pick-weights.ts';

const listing = (...names: string[]) => ({
  repository: 'Qwen/Qwen3-8B',
  files: names.map((path) => ({ path, sizeBytes: 1_000 })),
});
const picked = (...names: string[]) => findWeightFiles(listing(...names))?.map(({ path }) => path);

describe('findWeightFiles', () => {
  it.each<[string, string[], string[]]>([
    [
      'one file',
      ['README.md', 'config.json', 'model.safetensors', 'tokenizer.json', 'LICENSE'],
      ['config.json', 'tokenizer.json', 'model.safetensors'],
    ],
    [
      'no pickles, code, other programs’ forms or adapters',
      [
        ...['config.json', 'modeling_x.py', 'pytorch_model.bin', 'pytorch_model.bin.index.json', 'onnx/model.onnx'],
        ...['model.safetensors', 'consolidated.safetensors', 'adapter_model.safetensors', 'original/params.json'],
      ],
      ['config.json', 'model.safetensors'],
    ],
    [
      'all parts, their index, and templates',
      [
        ...['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors', 'model.safetensors.index.json'],
        ...['config.json', 'chat_template.jinja', 'additional_chat_templates/tool_use.jinja', 'merges.txt'],
      ],
      [
        ...['model.safetensors.index.json', 'config.json', 'chat_template.jinja'],
        ...['additional_chat_templates/tool_use.jinja', 'merges.txt'],
        ...['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
      ],
    ],
    ['another name', ['config.json', 'weights.safetensors'], ['config.json', 'weights.safetensors']],
  ])('takes %s', (_, names, expected) => {
    expect(picked(...names)).toEqual(expected);
  });

  it('finds none where there are none, and none in folders below', () => {
    expect(picked('config.json', 'm.gguf')).toBeUndefined();
    expect(picked('config.json', 'vae/model.safetensors', '../model.safetensors')).toBeUndefined();
  });

  it('refuses what is not whole', () => {
    expect(() => picked('model.safetensors')).toThrow('no config.json');
    const parts = ['config.json', 'model-00001-of-00003.safetensors', 'model-00003-of-00003.safetensors'];
    expect(() => picked(...parts)).toThrow('model-00002-of-00003.safetensors');
    expect(() => picked('config.json', 'model-00001-of-99999.safetensors')).toThrow('model-00002-of-99999');
  });
});

describe('pickWeights', () => {
  it('says what a repository holds instead, and where the original is', () => {
    const { files } = listing('m-Q4_K_M.gguf', 'config.json');
    const pick = () => pickWeights({ repository: 'Qwen/Qwen3-8B-GGUF', files });
    expect(pick).toThrow(/no safetensors\. It holds GGUF \(1 file, 1\.0 kB\)\..*'Qwen\/Qwen3-8B'/);
    expect(() => pickWeights(listing('pytorch_model.bin'))).toThrow('Python pickles');
  });
});
