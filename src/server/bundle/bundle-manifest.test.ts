import { describe, expect, it } from 'vitest';
import { readBundleManifest } from './bundle-manifest.ts';

const sha256 = 'a'.repeat(64);
const good = {
  ...{ format: 1, product: 'aimindserve', version: '1.0.0', platform: 'linux-x64', createdAt: 1 },
  files: [{ name: 'files/00001', sizeBytes: 3, sha256, target: 'models/org/model.gguf' }],
  models: [{ name: 'model', files: ['models/org/model.gguf'] }],
  engines: [
    {
      ...{ id: 'eng_0123456789abcdef', version: '3.22.1-cuda', accelerator: 'cuda', sizeBytes: 9 },
      ...{ folder: 'engines/llama-libraries/3.22.1-cuda', libraries: ['libllama.so'], runtimeFolders: ['runtime'] },
    },
  ],
};
const withFile = (change: object) => ({ ...good, files: [{ ...good.files[0], ...change }], models: [] });

describe('the manifest of a bundle', () => {
  it('is read', () => {
    expect(readBundleManifest(JSON.stringify(good))).toEqual(good);
  });

  it.each([
    ['../../outside', 'files[0].target'],
    ['models/../../outside', 'files[0].target'],
    ['/etc/passwd', 'files[0].target'],
    ['models//x', 'files[0].target'],
    ['models/a\\..\\b', 'files[0].target'],
    ['models/x\u0000', 'files[0].target'],
    ['aimindserve.db', 'files[0].target'],
    ['secret-key', 'files[0].target'],
    ['models', 'files[0].target'],
    ['engines/vllm/1/bin/python', 'files[0].target'],
    ['engines/llama-libraries/1/manifest.json', 'files[0].target'],
    ['models/x.part', 'files[0].target'],
    ['', 'files[0].target'],
    [7, 'files[0].target'],
  ])('may not place a file at %j', (target, path) => {
    expect(() => readBundleManifest(JSON.stringify(withFile({ target })))).toThrow(path);
  });

  it.each([
    ['a name that leads elsewhere', withFile({ name: '../../manifest.json' }), 'files[0].name'],
    ['a size that is none', withFile({ sizeBytes: -1 }), 'files[0].sizeBytes'],
    ['a checksum that is none', withFile({ sha256: 'abc' }), 'files[0].sha256'],
    ['two files of one name', { ...good, files: [...good.files, ...good.files] }, 'names one file twice'],
    ['a model without its file', { ...good, files: [] }, 'models[0].files[0]'],
    [
      'a source that is none',
      { ...good, models: [{ ...good.models[0], source: { kind: 'moon' } }] },
      'models[0].source',
    ],
    ['an engine elsewhere', { ...good, engines: [{ ...good.engines[0], folder: 'models/x' }] }, 'engines[0].folder'],
    [
      'a runtime elsewhere',
      { ...good, engines: [{ ...good.engines[0], runtimeFolders: ['../../..'] }] },
      'engines[0].runtimeFolders[0]',
    ],
    [
      'two files at one place',
      { ...good, files: [good.files[0], { ...good.files[0], name: 'files/00002' }] },
      'files[1].target',
    ],
    [
      'a file at the place of a folder',
      {
        ...good,
        files: [{ ...good.files[0], name: 'files/2', target: 'models/org/model.gguf/x' }, ...good.files],
      },
      'files[1].target',
    ],
    [
      'a name that speaks to terminals',
      { ...good, models: [{ ...good.models[0], name: '\u001b[2Jmodel' }] },
      'models[0].name',
    ],
    [
      'a version that speaks to terminals',
      { ...good, engines: [{ ...good.engines[0], version: '1\r2' }] },
      'engines[0].version',
    ],
    ['another product', { ...good, product: 'other' }, 'product'],
    ['a later format', { ...good, format: 2 }, 'newer than this program'],
    ['a list', [], 'expected an object'],
    ['nothing', null, 'expected an object'],
  ])('is refused with %s', (_name, value, reason) => {
    expect(() => readBundleManifest(JSON.stringify(value))).toThrow(reason);
  });

  it('is refused where it is not JSON', () => {
    expect(() => readBundleManifest('{')).toThrow('not JSON');
  });
});
