import { describe, expect, it } from 'vitest';
import { completeSpec, type DeploymentSpec } from '../../fleet/deployment.ts';
import type { RunWishes } from '../engine.ts';
import { readWishes } from './parameters.ts';

const read = (backendParameters: string[], changes: Partial<DeploymentSpec> = {}): RunWishes =>
  readWishes({ ...completeSpec({ source: { kind: 'bundled' } }), backendParameters, ...changes });

describe('vLLM’s backend parameters', () => {
  it.each<readonly [string, string[], Partial<RunWishes>]>([
    ['nothing', [], { passed: [], notes: [], parallel: 8 }],
    [
      'the seed’s',
      ['--enable-auto-tool-choice', '--tool-call-parser=hermes'],
      { passed: ['--enable-auto-tool-choice', '--tool-call-parser=hermes'], toolParser: 'hermes', notes: [] },
    ],
    ['a parser in two words', ['--tool_call_parser', 'qwen3_coder'], { toolParser: 'qwen3_coder' }],
    ['several in one entry', ['--dtype half --enforce-eager'], { passed: ['--dtype', 'half', '--enforce-eager'] }],
    ['its JSON', [`--hf-overrides '{"a": 1}'`], { passed: ['--hf-overrides', '{"a": 1}'] }],
    [
      'how much runs at once',
      ['--max-model-len', '8192', '--max-num-seqs=4'],
      { contextSize: 8192, parallel: 4, passed: ['--max-model-len', '8192', '--max-num-seqs=4'] },
    ],
    ['sizes that only vLLM understands', ['--max-model-len=32k'], { parallel: 8, passed: ['--max-model-len=32k'] }],
  ])('are understood: %s', (_, parameters, expected) => {
    expect(read(parameters)).toMatchObject(expected);
  });

  it('leave the reasoning parser to vLLM’s own chat', () => {
    const parameters = ['--reasoning-parser', 'qwen3', '--enforce-eager'];
    expect(read(parameters)).toMatchObject({
      passed: ['--enforce-eager'],
      notes: [expect.stringContaining('handled by aiMindServe')],
    });
    expect(read(parameters, { toolCalls: 'engine' })).toMatchObject({ passed: parameters, notes: [] });
  });

  it.each([
    ['--host', '0.0.0.0'],
    ['--port=1'],
    ['--api-key', 'x'],
    ['--api_key=x'],
    ['--served-model-name', 'x'],
    ['--model', 'x'],
    ['--uds=/tmp/x'],
    ['--hos', '0.0.0.0'],
    ['--api-k=x'],
  ])('are refused where they are ours: %s', (...parameters) => {
    expect(() => read(['--enforce-eager', ...parameters])).toThrow(
      expect.objectContaining({ code: 'invalid_value', detail: { param: 'backendParameters[1]' } }),
    );
  });

  it('are refused where they are no flags or no numbers', () => {
    expect(() => read(['hermes'])).toThrow(/is no flag/);
    expect(() => read(['--max-num-seqs=0'])).toThrow(/whole number from 1/);
  });

  it('keep flags that begin like ours and go on', () => {
    expect(read(['--model-impl', 'vllm', '--host-memory=1']).passed).toEqual([
      '--model-impl',
      'vllm',
      '--host-memory=1',
    ]);
  });
});
