import { describe, expect, it } from 'vitest';
import type { ModelSpec } from '../../fleet/model-spec.ts';
import type { Slot } from '../engine.ts';
import { planVllm } from './launch.ts';

const spec: ModelSpec = {
  name: 'qwen',
  files: ['/models/qwen'],
  architecture: 'qwen2',
  trainedContext: 32_768,
  vocabularySize: 1_000,
  bosToken: '',
  eosToken: '',
  specialTokens: [],
  sampling: {},
  sizeBytes: 1,
  kvBytesPerToken: 28_672,
};

const slot = (changes: Partial<Slot> = {}): Slot => ({
  parallel: 8,
  gpu: 'auto',
  environment: {},
  passed: [],
  notes: [],
  address: { url: 'http://127.0.0.1:4711', token: 'secret' },
  devices: ['cpu'],
  ...changes,
});

const module = ['/venv/bin/python', '-m', 'vllm.entrypoints.openai.api_server'];
const wordsOf = (changes: Partial<Slot> = {}): string => planVllm(module, spec, slot(changes)).arguments.join(' ');

describe('the command line of vLLM', () => {
  it('names model, address and limits, and keeps the secret to the environment', () => {
    const plan = planVllm(module, spec, slot({ contextSize: 4096, passed: ['--tool-call-parser=hermes'] }));
    expect(plan.command).toBe('/venv/bin/python');
    expect(plan.arguments.join(' ')).toBe(
      '-m vllm.entrypoints.openai.api_server --model /models/qwen --served-model-name model --max-model-len 4096 ' +
        '--max-num-seqs 8 --structured-outputs-config.backend xgrammar --enable-prompt-tokens-details ' +
        '--disable-uvicorn-access-log --dtype bfloat16 --no-enable-chunked-prefill --max-num-batched-tokens 4096 --tool-call-parser=hermes --host 127.0.0.1 --port 4711',
    );
    expect(plan.environment).toMatchObject({ VLLM_API_KEY: 'secret', HF_HUB_OFFLINE: '1', VLLM_NO_USAGE_STATS: '1' });
    expect(plan.input).toBe('');
  });

  it('gives the model by its place to the console program', () => {
    const plan = planVllm(['/usr/bin/vllm', 'serve'], spec, slot());
    expect(plan.arguments.slice(0, 3)).toEqual(['serve', '/models/qwen', '--served-model-name']);
  });

  it.each<readonly [string, string[], RegExp]>([
    ['the context', ['--max-model-len=32k'], /--max-model-len 4096/],
    ['the places', ['--max_num_seqs', '3'], /--max-num-seqs 8/],
    ['how prompts are read', ['--max-num-batched-tokens=512'], /chunked-prefill|4096 --max-num-batched/],
    ['the type', ['--dtype', 'float32'], /bfloat16/],
    ['the grammars', ['--structured-outputs-config', '{"backend":"guidance"}'], /xgrammar/],
    ['what it counts', ['--no-enable-prompt-tokens-details'], / --enable-prompt-tokens-details/],
  ])('says nothing twice: a person said %s', (_, passed, injected) => {
    const words = wordsOf({ contextSize: 4096, passed });
    expect(words).toContain(passed.join(' '));
    expect(words).not.toMatch(injected);
  });

  it('spreads over several devices of one kind', () => {
    const plan = planVllm(module, spec, slot({ devices: ['cuda:1', 'cuda:3'] }));
    expect(plan.arguments.join(' ')).toMatch(/--tensor-parallel-size 2(?!.*bfloat16)/);
    expect(plan.environment).toMatchObject({ CUDA_VISIBLE_DEVICES: '1,3', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' });
    expect(plan.environment).not.toHaveProperty('VLLM_CPU_KVCACHE_SPACE');
    expect(wordsOf({ devices: ['cuda:1', 'cuda:3'], passed: ['-tp', '1'] })).not.toContain('--tensor-parallel-size');
    expect(wordsOf({ devices: ['cuda:0'] })).not.toContain('--tensor-parallel-size');
    expect(planVllm(module, spec, slot({ devices: ['rocm:0'] })).environment).toMatchObject({
      HIP_VISIBLE_DEVICES: '0',
    });
  });

  it.each<readonly [Partial<Slot>, RegExp]>([
    [{ gpu: 'metal' }, /cannot compute with metal/],
    [{ gpu: 'cuda' }, /there is none here/],
    [{ devices: ['cuda:0', 'rocm:0'] }, /choose devices of one kind/],
    [{ devices: ['metal:0'] }, /cannot compute on metal:0/],
    [{ devices: ['cpu', 'cuda:0'] }, /cannot compute on cpu and cuda:0/],
  ])('refuses devices that it cannot use: %j', (changes, message) => {
    expect(() => wordsOf(changes)).toThrow(message);
  });

  it.each([
    [64, 1, '1'],
    [4096, 8, '1'],
    [32_768, 8, '7'],
    [undefined, 16, '14'],
  ])('takes whole gibibytes for %s tokens of %i requests', (contextSize, parallel, gibibytes) => {
    const wishes = contextSize === undefined ? { parallel } : { contextSize, parallel };
    expect(planVllm(module, spec, slot(wishes)).environment['VLLM_CPU_KVCACHE_SPACE']).toBe(gibibytes);
  });

  it('lets a person’s environment go before ours, but for the secret', () => {
    const environment = { VLLM_CPU_KVCACHE_SPACE: '9', VLLM_CPU_OMP_THREADS_BIND: '0-3', VLLM_API_KEY: 'theirs' };
    expect(planVllm(module, spec, slot({ environment })).environment).toMatchObject({
      VLLM_CPU_KVCACHE_SPACE: '9',
      VLLM_CPU_OMP_THREADS_BIND: '0-3',
      VLLM_API_KEY: 'secret',
    });
  });
});
