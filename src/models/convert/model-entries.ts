/** A model's extents and advice as the metadata of a GGUF file, by llama.cpp's keys. */

import type { MetadataEntry } from './gguf-header.ts';
import type { ModelConfig } from './model-config.ts';
import { readSamplingAdvice } from './sampling-advice.ts';

/** Everything but the tokenizer; `fileType` is llama.cpp's number of the main encoding. */
export function modelEntries(folder: string, config: ModelConfig, { name, fileType }: FileFacts): MetadataEntry[] {
  const { architecture, headSize } = config;
  const own = (key: string, value: { u32: number } | { f32: number }): MetadataEntry => [
    `${architecture}.${key}`,
    value,
  ];
  return [
    ['general.architecture', { text: architecture }],
    ['general.type', { text: 'model' }],
    ['general.name', { text: name }],
    ['general.file_type', { u32: fileType }],
    ['general.quantization_version', { u32: 2 }],
    ...samplingEntries(folder),
    own('vocab_size', { u32: config.vocabulary }),
    own('context_length', { u32: config.context }),
    own('embedding_length', { u32: config.hidden }),
    own('block_count', { u32: config.layers }),
    own('feed_forward_length', { u32: config.feedForward }),
    own('attention.head_count', { u32: config.heads }),
    own('attention.head_count_kv', { u32: config.keyHeads }),
    own('attention.key_length', { u32: headSize }),
    own('attention.value_length', { u32: headSize }),
    own('attention.layer_norm_rms_epsilon', { f32: config.epsilon }),
    own('rope.dimension_count', { u32: headSize }),
    own('rope.freq_base', { f32: config.rope.base }),
    ...ropeEntries(config),
  ];
}

/** What the file itself is. */
export interface FileFacts {
  readonly name: string;
  readonly fileType: number;
}

/** Llama 3's own scaling is a tensor, not an entry. */
function ropeEntries({ architecture, rope: { scaling } }: ModelConfig): MetadataEntry[] {
  if (scaling.kind === 'none' || scaling.kind === 'llama3') return [];
  const { kind, factor } = scaling;
  return [
    [`${architecture}.rope.scaling.type`, { text: kind }],
    [`${architecture}.rope.scaling.factor`, { f32: factor }],
    ...(kind === 'yarn'
      ? [
          [
            `${architecture}.rope.scaling.original_context_length`,
            { u32: scaling.originalContext },
          ] satisfies MetadataEntry,
        ]
      : []),
  ];
}

/** What the makers of the model advise. */
function samplingEntries(folder: string): MetadataEntry[] {
  const { temperature, topK, topP, minP } = readSamplingAdvice(folder);
  const entry = (key: string, value: number | undefined): MetadataEntry[] =>
    value === undefined ? [] : [[`general.sampling.${key}`, key === 'top_k' ? { i32: value } : { f32: value }]];
  return [...entry('temp', temperature), ...entry('top_k', topK), ...entry('top_p', topP), ...entry('min_p', minP)];
}
