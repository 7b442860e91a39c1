import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { isAppError } from '../base/errors.ts';
import { isObject } from '../base/json.ts';
import { readWeightsFolder } from './read-weights-folder.ts';

const fixtures = fileURLToPath(new URL('../../test/convert/fixtures/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'aimindserve-weights-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function copy(family = 'qwen2'): string {
  const home = mkdtempSync(join(folder, `${family}-`));
  cpSync(join(fixtures, family), home, { recursive: true });
  return home;
}

function withFile(name: string, values: object, family = 'qwen2'): string {
  const home = copy(family);
  const value: unknown = JSON.parse(readFileSync(join(home, name), 'utf8'));
  writeFileSync(join(home, name), JSON.stringify({ ...(isObject(value) ? value : {}), ...values }));
  return home;
}

const configured = (values: object) => readWeightsFolder(withFile('config.json', values));

function refusal(home: string): string {
  try {
    readWeightsFolder(home);
  } catch (thrown) {
    if (isAppError(thrown) && thrown.code === 'model_unusable') return thrown.message;
    throw thrown;
  }
  return 'none';
}

describe('readWeightsFolder', () => {
  it.each([
    ['llama3', 'llama', '<|begin_of_text|>', '<|eot_id|>', 2 * 2 * 16 * 2 * 2],
    ['qwen2', 'qwen2', '<|endoftext|>', '<|im_end|>', 2 * 1 * 16 * 2 * 2],
    ['qwen3', 'qwen3', '<|endoftext|>', '<|im_end|>', 2 * 2 * 16 * 2 * 2],
  ])('reads %s', (family, architecture, bosToken, eosToken, kvBytesPerToken) => {
    const home = join(fixtures, family);
    const spec = readWeightsFolder(home);
    expect(spec).toMatchObject({ name: family, architecture, eosToken, bosToken, kvBytesPerToken });
    expect(spec.files.slice(0, 2)).toEqual([home, join(home, 'config.json')]);
    expect(spec).toMatchObject({ trainedContext: 512, vocabularySize: 384 });
    expect(spec.template).toContain('<|im_start|>');
    expect(spec.specialTokens).toEqual(expect.arrayContaining([bosToken, eosToken]));
    expect(spec.sizeBytes).toBeGreaterThan((spec.parameterCount ?? 0) * 2);
  });

  it('counts a cache that is shared by heads, compressed, or kept by some layers only', () => {
    expect(configured({ kv_lora_rank: 512, qk_rope_head_dim: 64 }).kvBytesPerToken).toBe(2 * (512 + 64) * 2);
    expect(configured({ layer_types: ['linear_attention', 'full_attention'] }).kvBytesPerToken).toBe(64);
    expect(configured({ num_key_value_heads: null }).kvBytesPerToken).toBe(2 * 2 * 16 * 2 * 2);
    expect(configured({ head_dim: 8 }).kvBytesPerToken).toBe(2 * 1 * 8 * 2 * 2);
  });

  it('reads the writing part of a model that sees', () => {
    const spec = configured({ vocab_size: undefined, text_config: { vocab_size: 1_000 }, model_type: 'qwen2_vl' });
    expect(spec).toMatchObject({ architecture: 'qwen2_vl', vocabularySize: 1_000, trainedContext: 512 });
  });

  it('does not count the values of quantised weights', () => {
    expect(configured({ quantization_config: { quant_method: 'awq' } }).parameterCount).toBeUndefined();
  });

  it('takes the template for tools, a name from the cache of a hub, and added tokens from the settings', () => {
    const chat_template = [
      { name: 'default', template: 'plain' },
      { name: 'tool_use', template: 'tools' },
    ];
    const added_tokens_decoder = { 7: { content: '<tool>', special: false } };
    const from = withFile('tokenizer_config.json', {
      chat_template,
      added_tokens_decoder,
      eos_token: { content: '</s>' },
    });
    const home = join(folder, 'models--Qwen--Tiny-1', 'snapshots', 'abc');
    cpSync(from, home, { recursive: true });
    const spec = readWeightsFolder(home);
    expect(spec).toMatchObject({ name: 'Tiny-1', template: 'tools', eosToken: '</s>' });
    expect(spec.specialTokens).toEqual(['<tool>', '</s>']);
  });

  it.each<[string, object, string]>([
    ['no model_type', { model_type: undefined }, "'model_type'"],
    ['layers that are none', { num_hidden_layers: '2' }, "'num_hidden_layers'"],
    ['too many layers', { num_hidden_layers: 1e9 }, "'num_hidden_layers'"],
    ['no context', { max_position_embeddings: undefined }, "'max_position_embeddings'"],
    ['no vocabulary', { vocab_size: -1 }, "'vocab_size'"],
    ['heads that are none', { num_key_value_heads: 0 }, "'num_key_value_heads'"],
  ])('refuses %s and names the field', (_, values, field) => {
    expect(refusal(withFile('config.json', values))).toMatch(new RegExp(`config\\.json has no (sensible )?${field}`));
  });

  it('refuses what is missing, cut or no JSON', () => {
    expect(refusal(join(folder, 'nowhere'))).toContain('no folder');
    const bare = copy();
    rmSync(join(bare, 'config.json'));
    expect(refusal(bare)).toContain('no config.json');
    const cut = copy();
    truncateSync(join(cut, 'model.safetensors'), 20_000);
    expect(refusal(cut)).toContain('model.safetensors is truncated');
    const lame = copy('qwen3');
    rmSync(join(lame, 'model-00002-of-00002.safetensors'));
    expect(refusal(lame)).toContain('model-00002-of-00002.safetensors is missing');
    const torn = copy();
    writeFileSync(join(torn, 'tokenizer_config.json'), '{');
    expect(refusal(torn)).toContain('tokenizer_config.json is not valid JSON');
  });

  it('reads any config.json or refuses it', () => {
    const home = copy();
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (extra, value) => {
        const config = { model_type: 'qwen2', vocab_size: value, text_config: value, ...extra };
        writeFileSync(join(home, 'config.json'), JSON.stringify(config));
        expect(typeof refusal(home)).toBe('string');
      }),
      { numRuns: 100 },
    );
  });
});
