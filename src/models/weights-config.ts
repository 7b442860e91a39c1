/** What the config.json of any checkpoint says that matters to whoever serves it without converting. */

import { isObject } from '../base/json.ts';
import { Unconvertible } from './convert/unconvertible.ts';

/** A model's extents, by the words that its makers use. */
export interface WeightsConfig {
  readonly architecture: string;
  readonly trainedContext: number;
  readonly vocabularySize: number;
  readonly kvBytesPerToken: number;
  readonly isQuantised: boolean;
}

type Config = Readonly<Record<string, unknown>>;

const mostLayers = 10_000;
const bytesPerValue = 2;

/** Reads it; throws Unconvertible that names the field. */
export function readWeightsConfig(config: Config): WeightsConfig {
  const { model_type: type, quantization_config: quantisation } = config;
  if (typeof type !== 'string' || type === '') throw new Unconvertible("its config.json has no 'model_type'");
  const text = languagePart(config);
  return {
    architecture: type,
    trainedContext: count(text, ['max_position_embeddings', 'n_positions', 'seq_length', 'max_seq_len'], 1 << 30),
    vocabularySize: count(text, ['vocab_size'], 4_000_000),
    kvBytesPerToken: kvBytesPerToken(text),
    isQuantised: isObject(quantisation),
  };
}

/** Models that see or hear keep what they are as writers apart; some of it may stand outside. */
function languagePart(config: Config): Config {
  const inner = ['text_config', 'llm_config', 'language_config'].map((key) => config[key]).find(isObject);
  return inner === undefined ? config : { ...config, ...inner };
}

/** Keys and values of all layers that attend, at 16 bits; where they are compressed (MLA), the compressed form. */
function kvBytesPerToken(config: Config): number {
  const layers = attendingLayers(config);
  if (config['kv_lora_rank'] != null) {
    const rank = count(config, ['kv_lora_rank'], 1 << 20);
    const positions = config['qk_rope_head_dim'] == null ? 0 : count(config, ['qk_rope_head_dim'], 1 << 20);
    return layers * (rank + positions) * bytesPerValue;
  }
  const heads = count(config, ['num_attention_heads', 'n_head'], 1 << 16);
  const keyHeads = keyHeadsOf(config, heads);
  const headSize =
    config['head_dim'] == null
      ? count(config, ['hidden_size', 'n_embd'], 1 << 20) / heads
      : count(config, ['head_dim'], 1 << 16);
  return Math.ceil(layers * keyHeads * headSize * 2 * bytesPerValue);
}

function keyHeadsOf(config: Config, heads: number): number {
  if (config['multi_query'] === true) return 1;
  const stated = ['num_key_value_heads', 'multi_query_group_num', 'num_kv_heads'].filter((key) => config[key] != null);
  return stated.length === 0 ? heads : count(config, stated, 1 << 16);
}

/** Layers of other kinds (linear attention, state spaces) keep the same however long a text is. */
function attendingLayers(config: Config): number {
  const layers = count(config, ['num_hidden_layers', 'n_layer', 'num_layers'], mostLayers);
  const { layer_types: kinds, full_attention_interval: interval } = config;
  if (Array.isArray(kinds) && kinds.length === layers)
    return kinds.filter((kind: unknown) => typeof kind === 'string' && /attention/.test(kind) && !/linear/.test(kind))
      .length;
  return typeof interval === 'number' && interval >= 1 ? Math.ceil(layers / interval) : layers;
}

/** The first of the fields that is there. */
function count(config: Config, fields: readonly string[], most: number): number {
  const field = fields.find((key) => config[key] != null) ?? fields[0] ?? '';
  const value = config[field];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw new Unconvertible(`its config.json has no sensible '${field}'`);
}
