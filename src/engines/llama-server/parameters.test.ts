import { describe, expect, it } from 'vitest';
import { completeSpec, type DeploymentSpec } from '../../fleet/deployment.ts';
import type { RunWishes } from '../engine.ts';
import { readWishes } from './parameters.ts';

const read = (backendParameters: string[], changes: Partial<DeploymentSpec> = {}): RunWishes =>
  readWishes({
    ...completeSpec({ source: { kind: 'bundled' } }),
    backend: 'llama-box',
    backendParameters,
    ...changes,
  });

describe('readWishes of llama-server', () => {
  it.each<readonly [string, string[], Partial<RunWishes>]>([
    ['nothing', [], { parallel: 8, passed: [], notes: [] }],
    [
      'the context of all requests together',
      ['--ctx-size', '8192', '--parallel=4'],
      { contextSize: 2048, parallel: 4, passed: [] },
    ],
    ['threads and layers', ['-t', '3', '-ngl', '20'], { threads: 3, gpuLayers: 20, passed: [] }],
    [
      'its own words for layers',
      ['-ngl all --n-gpu-layers auto'],
      { passed: ['-ngl', 'all', '--n-gpu-layers', 'auto'] },
    ],
    [
      'all others as they were written',
      ['--Flash_Attn on', '-C', 'ff', '--override-kv', 'a=str:b c', "--lora-scaled 'x y' 0.5", '--split-mode=row'],
      {
        passed: [
          ...['--Flash_Attn', 'on', '-C', 'ff', '--override-kv', 'a=str:b c'],
          ...['--lora-scaled', 'x y', '0.5', '--split-mode=row'],
        ],
      },
    ],
    [
      'what vLLM would be told',
      ['--enable-auto-tool-choice', '--tool-call-parser', 'hermes'],
      {
        toolParser: 'hermes',
        passed: [],
        notes: ['--enable-auto-tool-choice has no effect here: tool calls work without it.'],
      },
    ],
  ])('understands %s', (_, parameters, expected) => {
    expect(read(parameters)).toMatchObject(expected);
  });

  it.each<{ readonly words: string[]; readonly message: RegExp; readonly index?: number }>([
    { words: ['--host', '0.0.0.0'], message: /--host cannot be passed on. The server finds/ },
    { words: ['-ngl', '1', '--port=1'], message: /--port cannot/, index: 2 },
    { words: ['--API_KEY', 'x'], message: /--api-key cannot/ },
    { words: ['-m x.gguf'], message: /change its source/ },
    { words: ['--hf-repo', 'a/b'], message: /change its source/ },
    { words: ['--alias', 'x'], message: /name and aliases/ },
    { words: ['--chat-template-file', 'x'], message: /chatTemplate/ },
    { words: ['--ssl-key-file', 'x'], message: /cannot be passed on/ },
    { words: ['--ctx-size', '0'], message: /whole number from 1/ },
    { words: ['--ctx-size', '64', '65'], message: /'65' is no flag/, index: 2 },
    { words: ['--tool-call-parser'], message: /needs the name of a parser/ },
    { words: ['64'], message: /is no flag/ },
  ])('refuses $words', ({ words, message, index = 0 }) => {
    expect(() => read(words)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(message),
        detail: { param: `backendParameters[${index}]` },
      }),
    );
  });
});
