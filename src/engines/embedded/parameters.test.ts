import { describe, expect, it } from 'vitest';
import { completeSpec, type DeploymentSpec } from '../../fleet/deployment.ts';
import type { RunWishes } from '../engine.ts';
import { readWishes } from './parameters.ts';

const read = (backendParameters: string[], changes: Partial<DeploymentSpec> = {}): RunWishes =>
  readWishes({ ...completeSpec({ source: { kind: 'bundled' } }), backendParameters, ...changes });

describe('readWishes', () => {
  it.each<readonly [string, string[], Partial<RunWishes>]>([
    ['nothing', [], { parallel: 8, gpu: 'auto', environment: {}, notes: [] }],
    ['words', ['--ctx-size', '8192', '--parallel', '4'], { contextSize: 8192, parallel: 4 }],
    ['pairs in one word', ['--ctx-size 8192', '--parallel 4'], { contextSize: 8192, parallel: 4 }],
    ['everything in one word', ['  --ctx-size 8192\n--parallel  4 '], { contextSize: 8192, parallel: 4 }],
    ['equals signs', ['--ctx-size=8192', '--parallel=4'], { contextSize: 8192, parallel: 4 }],
    ['short names', ['-c', '8192', '-np', '4', '-t', '3'], { contextSize: 8192, parallel: 4, threads: 3 }],
    ['names of vLLM', ['--max-model-len', '8192', '--max-num-seqs=4'], { contextSize: 8192, parallel: 4 }],
    ['other spellings', ['--CTX_SIZE', '8192', '--n_gpu_layers', '-1'], { contextSize: 8192, gpuLayers: -1 }],
    ['the last of two', ['-c', '512', '--ctx-size', '1024'], { contextSize: 1024 }],
    [
      'how GPUs share a model',
      ['--split-mode', 'row', '--tensor-split=3,1.5', '-mg 1', '-ngl', '20'],
      { gpuSplit: { mode: 'row', shares: [3, 1.5], main: 1 }, gpuLayers: 20 },
    ],
    ['one GPU for all', ['-sm', 'none', '-ts', '0/1'], { gpuSplit: { mode: 'none', shares: [0, 1] } }],
  ])('understands %s', (_, parameters, expected) => {
    expect(read(parameters)).toMatchObject(expected);
  });

  it.each([
    [['--split-mode', 'column'], 'none, layer or row'],
    [['--split-mode'], 'none, layer or row'],
    [['--tensor-split', '0,0'], 'not all of them 0'],
    [['--tensor-split', '1,-1'], 'numbers with commas'],
    [['--tensor-split', Array(17).fill('1').join()], 'up to 16 numbers'],
    [['--tensor-split', `1${'0'.repeat(4000)}`], 'numbers with commas'],
    [['--main-gpu', '16'], 'from 0 to 15'],
    [['--main-gpu', '1', '2'], "'2' is no flag"],
  ])('refuses %j', (parameters, message) => {
    expect(() => read(parameters)).toThrow(message);
  });

  it('lets parameters go before fields', () => {
    const fields = { contextSize: 1, parallel: 2, threads: 3, gpuLayers: 4 };
    expect(read([], fields)).toMatchObject(fields);
    const said = ['-c', '64', '-np', '5', '-t', '6', '-ngl', '7'];
    expect(read(said, fields)).toMatchObject({ contextSize: 64, parallel: 5, threads: 6, gpuLayers: 7 });
  });

  it('counts the context as llama-box does under that name: for all requests together', () => {
    const backend = 'llama-box' as const;
    expect(read(['--ctx-size', '8192', '--parallel', '4'], { backend })).toMatchObject({ contextSize: 2048 });
    expect(read(['--parallel', '4', '--ctx-size', '8192'], { backend })).toMatchObject({ contextSize: 2048 });
    expect(read(['--ctx-size', '8192'], { backend, parallel: 2 })).toMatchObject({ contextSize: 4096 });
    expect(read(['--ctx-size', '3', '--parallel', '4'], { backend })).toMatchObject({ contextSize: 1 });
    expect(read([], { backend, contextSize: 8192 })).toMatchObject({ contextSize: 8192 });
  });

  it.each<readonly [string[], readonly string[]]>([
    [
      ['--enable-auto-tool-choice', '--tool-call-parser', 'hermes'],
      ['--enable-auto-tool-choice', '--tool-call-parser'],
    ],
    [['--enable-auto-tool-choice --tool-call-parser hermes'], ['--enable-auto-tool-choice', '--tool-call-parser']],
    [
      ['--tool-call-parser=hermes', '--Enable_Auto_Tool_Choice', '-c', '64'],
      ['--tool-call-parser', '--enable-auto-tool-choice'],
    ],
    [['--jinja'], ['--jinja']],
  ])('accepts what other engines need and says that it has no effect: %j', (parameters, flags) => {
    const { notes } = read(parameters);
    expect(notes).toEqual(flags.map((flag) => `${flag} has no effect here: tool calls work without it.`));
  });

  it.each<readonly [string[], string, RegExp]>([
    [['--temp', '0.5'], 'backendParameters[0]', /does not know '--temp'. It knows --ctx-size, --parallel, --threads/],
    [['--parallel', '2', '--flash-attn'], 'backendParameters[2]', /'--flash-attn'/],
    [['--ctx-size'], 'backendParameters[0]', /--ctx-size needs a whole number from 1, not ''/],
    [['--ctx-size', '--parallel', '4'], 'backendParameters[0]', /not ''/],
    [['--ctx-size', '0'], 'backendParameters[0]', /from 1, not '0'/],
    [['--ctx-size', '-5'], 'backendParameters[0]', /not '-5'/],
    [['--ctx-size', '1e3'], 'backendParameters[0]', /not '1e3'/],
    [['--ctx-size=8192k'], 'backendParameters[0]', /not '8192k'/],
    [['--ctx-size', '99999999999'], 'backendParameters[0]', /whole number/],
    [['-ngl', '-2'], 'backendParameters[0]', /from -1/],
    [['8192'], 'backendParameters[0]', /'8192' is no flag/],
    [['--ctx-size', '64', 'rest'], 'backendParameters[2]', /'rest' is no flag/],
    [['--ctx-size; rm -rf /'], 'backendParameters[0]', /no flag/],
    [['--'], 'backendParameters[0]', /no flag/],
  ])('refuses %j', (parameters, param, message) => {
    expect(() => read(parameters)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(message), detail: { param } }),
    );
  });
});
