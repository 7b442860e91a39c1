/** What a checkpoint's config.json says of the model, as far as conversion depends on it; whatever else it says must not matter. */

import { isObject } from '../../base/json.ts';
import { ForOtherEngines, Unconvertible } from './unconvertible.ts';

/** llama.cpp's names of the architectures that can be converted. */
export type Architecture = 'llama' | 'qwen2' | 'qwen3';

/** A model's extents. */
export interface ModelConfig {
  /** As the checkpoint has it, for people. */
  readonly className: string;
  readonly architecture: Architecture;
  readonly layers: number;
  readonly hidden: number;
  readonly feedForward: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly headSize: number;
  readonly vocabulary: number;
  readonly context: number;
  readonly epsilon: number;
  /** The output matrix is that of the embeddings. */
  readonly isTied: boolean;
  readonly rope: Rope;
  readonly bosTokenId?: number;
  readonly eosTokenId?: number;
  readonly padTokenId?: number;
}

/** How positions are turned. */
export interface Rope {
  readonly base: number;
  readonly scaling: RopeScaling;
}

/** How positions beyond those of the training are reached. */
export type RopeScaling =
  | { readonly kind: 'none' }
  | { readonly kind: 'linear'; readonly factor: number }
  | { readonly kind: 'yarn'; readonly factor: number; readonly originalContext: number }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFactor: number;
      readonly highFactor: number;
      readonly originalContext: number;
    };

const architectures: ReadonlyMap<unknown, Architecture> = new Map([
  ['LlamaForCausalLM', 'llama'],
  ['Qwen2ForCausalLM', 'qwen2'],
  ['Qwen3ForCausalLM', 'qwen3'],
]);

type Config = Record<string, unknown>;

/** Reads it; throws Unconvertible, naming what cannot be converted. */
export function readModelConfig(config: Config): ModelConfig {
  const className = refuseOthers(config);
  const architecture = architectures.get(className) ?? 'llama';
  const hidden = count(config, 'hidden_size', 1 << 20);
  const heads = count(config, 'num_attention_heads', 1 << 16);
  const keyHeads = config['num_key_value_heads'] == null ? heads : count(config, 'num_key_value_heads', heads);
  const headSize = config['head_dim'] == null ? hidden / heads : count(config, 'head_dim', 1 << 16);
  if (!Number.isInteger(headSize) || headSize % 2 !== 0 || heads % keyHeads !== 0)
    throw new Unconvertible('its config.json gives attention heads that do not add up');
  return {
    className,
    architecture,
    layers: count(config, 'num_hidden_layers', 10_000),
    hidden,
    feedForward: count(config, 'intermediate_size', 1 << 24),
    heads,
    keyHeads,
    headSize,
    vocabulary: count(config, 'vocab_size', 4_000_000),
    context: count(config, 'max_position_embeddings', 1 << 30),
    epsilon: positive(config, 'rms_norm_eps'),
    isTied: config['tie_word_embeddings'] === true,
    rope: readRope(config),
    ...tokenIds(config),
  };
}

function refuseOthers(config: Config): string {
  const { architectures: named, auto_map: remoteCode, quantization_config: quantisation } = config;
  const [className] = Array.isArray(named) ? named : [undefined];
  if (remoteCode !== undefined)
    throw new Unconvertible('it brings program code of its own (auto_map), which is never run');
  if (isObject(quantisation))
    throw new ForOtherEngines(
      `it is quantised already (${String(quantisation['quant_method'] ?? 'of an unknown kind')}), which is not undone here`,
    );
  if (typeof className !== 'string' || !architectures.has(className))
    throw new ForOtherEngines(
      `its architecture is ${JSON.stringify(className ?? null)}, and only ${[...architectures.keys()].join(', ')} can be converted here`,
    );
  if (config['hidden_act'] !== 'silu')
    throw new ForOtherEngines('its config.json asks for an activation other than silu');
  if (config['use_sliding_window'] === true) throw new ForOtherEngines('it attends through a sliding window');
  return className;
}

/** `rope_parameters` since transformers 5, `rope_theta` and `rope_scaling` before. */
function readRope(config: Config): Rope {
  const own = config['rope_parameters'] ?? config['rope_scaling'];
  const settings: Config = isObject(own) ? own : {};
  const base = positive({ rope_theta: 10_000, ...config, ...settings }, 'rope_theta');
  return { base, scaling: readScaling(settings, config) };
}

function readScaling(settings: Config, config: Config): RopeScaling {
  const kind = settings['rope_type'] ?? settings['type'] ?? 'default';
  const factor = () => positive(settings, 'factor');
  const originalContext = () =>
    count(
      { ...config, ...settings },
      settings['original_max_position_embeddings'] == null
        ? 'max_position_embeddings'
        : 'original_max_position_embeddings',
      1 << 30,
    );
  switch (kind) {
    case 'default':
      return { kind: 'none' };
    case 'linear':
      return { kind: 'linear', factor: factor() };
    case 'yarn':
      refuseSpecialYarn(settings);
      return { kind: 'yarn', factor: factor(), originalContext: originalContext() };
    case 'llama3': {
      const lowFactor = positive(settings, 'low_freq_factor');
      const highFactor = positive(settings, 'high_freq_factor');
      if (highFactor <= lowFactor) throw new Unconvertible('its config.json scales positions in an impossible way');
      return { kind: 'llama3', factor: factor(), lowFactor, highFactor, originalContext: originalContext() };
    }
    default:
      throw new ForOtherEngines(`it scales positions in a way that is not known here (${JSON.stringify(kind)})`);
  }
}

/** llama.cpp and transformers agree on yarn's defaults. */
function refuseSpecialYarn(settings: Config): void {
  const defaults: Config = { beta_fast: 32, beta_slow: 1 };
  for (const key of ['attention_factor', 'beta_fast', 'beta_slow', 'mscale', 'mscale_all_dim', 'truncate'])
    if (settings[key] != null && settings[key] !== defaults[key])
      throw new ForOtherEngines(`it scales positions by yarn with a '${key}' of its own`);
}

function tokenIds(config: Config): Pick<ModelConfig, 'bosTokenId' | 'eosTokenId' | 'padTokenId'> {
  const read = (key: string) => {
    const value = config[key];
    const one: unknown = Array.isArray(value) ? value[0] : value;
    return typeof one === 'number' && Number.isSafeInteger(one) && one >= 0 ? one : undefined;
  };
  const bosTokenId = read('bos_token_id');
  const eosTokenId = read('eos_token_id');
  const padTokenId = read('pad_token_id');
  return {
    ...(bosTokenId !== undefined && { bosTokenId }),
    ...(eosTokenId !== undefined && { eosTokenId }),
    ...(padTokenId !== undefined && { padTokenId }),
  };
}

function count(config: Config, key: string, most: number): number {
  const value = config[key];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw new Unconvertible(`its config.json has no sensible '${key}'`);
}

function positive(config: Config, key: string): number {
  const value = config[key];
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
  throw new Unconvertible(`its config.json has no sensible '${key}'`);
}
