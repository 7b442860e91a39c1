import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { isObject } from '../../base/json.ts';
import { planConversion } from './plan-conversion.ts';

const fixtures = fileURLToPath(new URL('../../../test/convert/fixtures/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'aimindserve-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const plenty = { memoryBytes: 2 ** 40, diskBytes: 2 ** 40 };

type Family = 'llama3' | 'qwen2' | 'qwen3';
type Change = (value: Record<string, unknown>) => void;

function changed(family: Family, file: string, change: Change): string {
  const home = mkdtempSync(join(folder, `${family}-`));
  cpSync(join(fixtures, family), home, { recursive: true });
  const value: unknown = JSON.parse(readFileSync(join(home, file), 'utf8'));
  if (isObject(value)) change(value);
  writeFileSync(join(home, file), JSON.stringify(value));
  return home;
}

const set = (family: Family, values: object) =>
  planConversion(
    changed(family, 'config.json', (config) => Object.assign(config, values)),
    plenty,
  );

function inner(value: Record<string, unknown>, key: string): Record<string, unknown> {
  const found: unknown = value[key];
  return isObject(found) ? found : {};
}

const retokenised = (family: Family, change: Change) =>
  planConversion(changed(family, 'tokenizer.json', change), plenty);

const metadata = (plan: ReturnType<typeof planConversion>) => new Map(plan.metadata);

describe('planConversion', () => {
  it('takes the precision of the checkpoint where it fits, else eight bits, else says what to take', () => {
    const home = join(fixtures, 'qwen2');
    const wide = planConversion(home, plenty);
    expect(wide.target.type).toBe('BF16');
    const narrow = planConversion(home, { ...plenty, memoryBytes: wide.memoryBytes - 1 });
    expect(narrow.target.type).toBe('Q8_0');
    expect(narrow.target.sizeBytes).toBeLessThan(wide.target.sizeBytes * 0.6);
    expect(planConversion(home, { ...plenty, diskBytes: 1 }).target.type).toBe('Q8_0');
    expect(() => planConversion(home, { ...plenty, memoryBytes: narrow.memoryBytes - 1 })).toThrow('qwen2-Q4_K_M.gguf');
  });

  it('keeps norms, biases and factors whole', () => {
    const { target } = planConversion(join(fixtures, 'llama3'), plenty);
    const byName = new Map(target.tensors.map((tensor) => [tensor.entry.name, tensor]));
    expect(byName.get('rope_freqs.weight')?.type).toBe('F32');
    expect(byName.get('blk.0.attn_norm.weight')?.type).toBe('F32');
    expect(byName.get('blk.1.attn_q.weight')).toMatchObject({ type: 'F16', entry: { shape: [32, 64] } });
    expect(byName.has('output.weight')).toBe(true);
  });

  it('names the pre-tokenizer, the ends and what begins a text', () => {
    const llama = metadata(planConversion(join(fixtures, 'llama3'), plenty));
    expect(llama.get('tokenizer.ggml.pre')).toEqual({ text: 'llama-bpe' });
    expect(llama.get('tokenizer.ggml.add_bos_token')).toEqual({ bool: true });
    const qwen = metadata(planConversion(join(fixtures, 'qwen3'), plenty));
    expect(qwen.get('tokenizer.ggml.pre')).toEqual({ text: 'qwen2' });
    expect(qwen.get('tokenizer.ggml.add_bos_token')).toEqual({ bool: false });
    expect(qwen.get('tokenizer.chat_template')).toMatchObject({ text: expect.stringContaining('<|im_start|>') });
    expect(qwen.get('general.sampling.top_k')).toEqual({ i32: 20 });
  });

  it.each<[string, object, string]>([
    ['other architectures', { architectures: ['GemmaForCausalLM'] }, '"GemmaForCausalLM"'],
    ['no architecture', { architectures: undefined }, 'its architecture is null'],
    ['remote code', { auto_map: { AutoModel: 'x.Y' } }, 'program code of its own'],
    ['GPTQ', { quantization_config: { quant_method: 'gptq' } }, 'quantised already (gptq)'],
    ['another activation', { hidden_act: 'gelu' }, 'activation'],
    ['sliding windows', { use_sliding_window: true }, 'sliding window'],
    ['unknown scaling', { rope_scaling: { rope_type: 'longrope' } }, '"longrope"'],
    ['special yarn', { rope_scaling: { type: 'yarn', factor: 4, attention_factor: 2 } }, "'attention_factor'"],
    ['heads that do not add up', { num_key_value_heads: 3, num_attention_heads: 4 }, 'do not add up'],
    ['too many layers', { num_hidden_layers: 1e9 }, "'num_hidden_layers'"],
    ['fewer layers than there are', { num_hidden_layers: 1 }, "'model.layers.1."],
    ['more layers than there are', { num_hidden_layers: 3 }, "lacks the tensor 'model.layers.2."],
    ['other shapes', { hidden_size: 64 }, 'as its config.json says'],
    ['a smaller vocabulary', { vocab_size: 100 }, 'as its config.json says'],
    ['an epsilon that is none', { rms_norm_eps: '1e-5' }, "'rms_norm_eps'"],
  ])('refuses %s', (_, values, reason) => {
    expect(() => set('qwen2', values)).toThrow(reason);
  });

  it('states yarn and linear scaling', () => {
    const yarn = metadata(
      set('qwen2', { rope_scaling: { type: 'yarn', factor: 4, original_max_position_embeddings: 128 } }),
    );
    expect(yarn.get('qwen2.rope.scaling.type')).toEqual({ text: 'yarn' });
    expect(yarn.get('qwen2.rope.scaling.original_context_length')).toEqual({ u32: 128 });
    const linear = metadata(set('qwen2', { rope_scaling: { type: 'linear', factor: 2 } }));
    expect(linear.get('qwen2.rope.scaling.factor')).toEqual({ f32: 2 });
  });

  it.each<[string, Change, string]>([
    ['another kind', (value) => Object.assign(inner(value, 'model'), { type: 'Unigram' }), 'byte-level BPE'],
    ['a normaliser', (value) => Object.assign(value, { normalizer: { type: 'Lowercase' } }), 'rewrites text'],
    ['another split', (value) => replaceSplit(value, '\\w+'), 'splits text'],
    ['no split', (value) => Object.assign(value, { pre_tokenizer: null }), 'a split, then bytes'],
    ['whole words first', (value) => Object.assign(inner(value, 'model'), { ignore_merges: true }), 'splits text'],
    ['no vocabulary', (value) => Object.assign(inner(value, 'model'), { vocab: {} }), 'no vocabulary'],
    ['a number twice', (value) => Object.assign(inner(inner(value, 'model'), 'vocab'), { zz: 1 }), 'impossible number'],
    ['a number too high', (value) => Object.assign(inner(inner(value, 'model'), 'vocab'), { zz: 9e5 }), 'more tokens'],
    [
      'merges that are none',
      (value) => Object.assign(inner(value, 'model'), { merges: ['a b c'] }),
      'a merge that is none',
    ],
    [
      'added tokens that are none',
      (value) => Object.assign(value, { added_tokens: [{ id: -1 }] }),
      'added token that is none',
    ],
    [
      'one spelling twice',
      (value) => Object.assign(value, { added_tokens: [{ id: 380, content: 'the' }] }),
      'two tokens alike',
    ],
  ])('refuses a tokenizer with %s', (_, change, reason) => {
    expect(() => retokenised('qwen2', change)).toThrow(reason);
  });

  it('knows the same split without whole words', () => {
    const plan = retokenised('llama3', (value) => Object.assign(inner(value, 'model'), { ignore_merges: false }));
    expect(metadata(plan).get('tokenizer.ggml.pre')).toEqual({ text: 'smaug-bpe' });
  });

  it('reads vocab.json and merges.txt of Qwen to the same tokens', () => {
    const whole = metadata(planConversion(join(fixtures, 'qwen2'), plenty));
    const home = changed('qwen2', 'tokenizer.json', () => {});
    const tokenizer: unknown = JSON.parse(readFileSync(join(home, 'tokenizer.json'), 'utf8'));
    const model = inner(isObject(tokenizer) ? tokenizer : {}, 'model');
    const { merges } = model;
    const added = isObject(tokenizer) && Array.isArray(tokenizer['added_tokens']) ? tokenizer['added_tokens'] : [];
    const lines = Array.isArray(merges)
      ? merges.map((pair: unknown) => (Array.isArray(pair) ? pair.join(' ') : pair))
      : [];
    writeFileSync(join(home, 'vocab.json'), JSON.stringify(model['vocab']));
    writeFileSync(join(home, 'merges.txt'), ['#version: 0.2', ...lines, ''].join('\n'));
    const decoder = Object.fromEntries(added.map(({ id, ...rest }) => [id, rest]));
    writeFileSync(
      join(home, 'tokenizer_config.json'),
      JSON.stringify({ tokenizer_class: 'Qwen2Tokenizer', added_tokens_decoder: decoder }),
    );
    rmSync(join(home, 'tokenizer.json'));
    const separate = metadata(planConversion(home, plenty));
    for (const key of ['pre', 'tokens', 'token_type', 'merges'])
      expect(separate.get(`tokenizer.ggml.${key}`)).toEqual(whole.get(`tokenizer.ggml.${key}`));
  });
});

function replaceSplit(value: Record<string, unknown>, pattern: string): void {
  const steps: unknown = inner(value, 'pre_tokenizer')['pretokenizers'];
  const first: unknown = Array.isArray(steps) ? steps[0] : undefined;
  if (isObject(first)) first['pattern'] = { Regex: pattern };
}
