/** Which tensors a GGUF file of a model holds, and from which of the checkpoint each is made. */

import type { ModelConfig } from './model-config.ts';
import type { SourceType } from './number-formats.ts';
import { ropeFactors } from './rope-factors.ts';
import type { SourceTensor } from './safetensors.ts';
import { ForOtherEngines, Unconvertible } from './unconvertible.ts';
import type { Weights } from './weight-files.ts';

/** A tensor to write; its shape as the checkpoint has it, the last extent running fastest. */
export interface PlannedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Bytes to convert, or values made here. */
  readonly from: (SourceTensor & { readonly type: SourceType }) | Float32Array;
  /** How many heads lie in its rows, if the rows of each must be interleaved. */
  readonly interleavedHeads?: number;
}

/** One tensor of the checkpoint that a model may have. */
interface Expected {
  readonly from: string;
  readonly to: string;
  readonly shape: readonly number[];
  readonly interleavedHeads?: number;
  readonly isOptional?: boolean;
}

/** All tensors; throws Unconvertible if one is missing, has another shape, or is not known. */
export function planTensors(config: ModelConfig, weights: Weights): PlannedTensor[] {
  const left = new Map([...weights].filter(([name]) => !isIdle(name, config)));
  const planned = expectedTensors(config).flatMap((expected): PlannedTensor[] => {
    const source = left.get(expected.from);
    left.delete(expected.from);
    if (source === undefined) {
      if (expected.isOptional) return [];
      throw new Unconvertible(`it lacks the tensor '${expected.from}'`);
    }
    return [plan(expected, source)];
  });
  const [stranger] = left.keys();
  if (stranger !== undefined)
    throw new Unconvertible(`it holds the tensor '${stranger}', which no ${config.className} has`);
  const { base, scaling } = config.rope;
  if (scaling.kind !== 'llama3') return planned;
  const factors = ropeFactors(base, scaling, config.headSize);
  return [{ name: 'rope_freqs.weight', shape: [factors.length], from: factors }, ...planned];
}

/** Old checkpoints store what follows from the configuration; a tied output is stored twice now and then. */
function isIdle(name: string, { isTied }: ModelConfig): boolean {
  return name.endsWith('.rotary_emb.inv_freq') || (isTied && name === 'lm_head.weight');
}

function plan({ from, to, shape, interleavedHeads }: Expected, source: SourceTensor): PlannedTensor {
  if (source.shape.join() !== shape.join())
    throw new Unconvertible(
      `its tensor '${from}' is ${source.shape.join(' × ')}, not ${shape.join(' × ')} as its config.json says`,
    );
  const type = sourceType(source);
  return { name: to, shape, from: { ...source, type }, ...(interleavedHeads !== undefined && { interleavedHeads }) };
}

function sourceType({ dtype, name }: SourceTensor): SourceType {
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') return dtype;
  throw new ForOtherEngines(`its tensor '${name}' is stored as ${dtype}; only F32, F16 and BF16 can be converted`);
}

function expectedTensors(config: ModelConfig): Expected[] {
  const { hidden, vocabulary, layers, isTied } = config;
  return [
    { from: 'model.embed_tokens.weight', to: 'token_embd.weight', shape: [vocabulary, hidden] },
    ...Array.from({ length: layers }, (_, layer) => layerTensors(config, layer)).flat(),
    { from: 'model.norm.weight', to: 'output_norm.weight', shape: [hidden] },
    ...(isTied ? [] : [{ from: 'lm_head.weight', to: 'output.weight', shape: [vocabulary, hidden] }]),
  ];
}

function layerTensors(config: ModelConfig, layer: number): Expected[] {
  const { hidden, feedForward, headSize } = config;
  const at = (from: string, to: string, shape: readonly number[]): Expected => ({
    from: `model.layers.${layer}.${from}.weight`,
    to: `blk.${layer}.${to}.weight`,
    shape,
  });
  const headNorm = config.architecture === 'qwen3';
  return [
    at('input_layernorm', 'attn_norm', [hidden]),
    ...attentionTensors(config, layer),
    ...(headNorm
      ? [at('self_attn.q_norm', 'attn_q_norm', [headSize]), at('self_attn.k_norm', 'attn_k_norm', [headSize])]
      : []),
    at('post_attention_layernorm', 'ffn_norm', [hidden]),
    at('mlp.gate_proj', 'ffn_gate', [feedForward, hidden]),
    at('mlp.up_proj', 'ffn_up', [feedForward, hidden]),
    at('mlp.down_proj', 'ffn_down', [hidden, feedForward]),
  ];
}

function attentionTensors({ architecture, hidden, heads, keyHeads, headSize }: ModelConfig, layer: number): Expected[] {
  // llama.cpp turns neighbouring values of a Llama's heads, transformers those half a head apart.
  const turned = (count: number) => (architecture === 'llama' ? { interleavedHeads: count } : {});
  const queries = heads * headSize;
  const keys = keyHeads * headSize;
  const projections = [
    { from: 'q_proj', to: 'attn_q', shape: [queries, hidden], ...turned(heads) },
    { from: 'k_proj', to: 'attn_k', shape: [keys, hidden], ...turned(keyHeads) },
    { from: 'v_proj', to: 'attn_v', shape: [keys, hidden] },
    { from: 'o_proj', to: 'attn_output', shape: [hidden, queries] },
  ];
  return projections.flatMap(({ from, to, shape, ...rest }) => {
    const place = { from: `model.layers.${layer}.self_attn.${from}`, to: `blk.${layer}.${to}` };
    const bias = { from: `${place.from}.bias`, to: `${place.to}.bias`, shape: shape.slice(0, 1) };
    const isOptional = architecture !== 'qwen2' || from === 'o_proj';
    return [
      { from: `${place.from}.weight`, to: `${place.to}.weight`, shape, ...rest },
      { ...bias, ...rest, isOptional },
    ];
  });
}
