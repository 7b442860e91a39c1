/** A model file opened by llama.cpp: its vocabulary and its tokenizer. */

import { ConfigError } from '../../base/errors.ts';
import { callAsync, type Library, type Pointer, vocabularyTypeSpm } from './layouts.ts';
import { describeOffload, type Offload, planOffload } from './offload.ts';
import type { GpuSettings } from './settings.ts';
import { readTokenTable, type TokenTable } from './token-table.ts';
import type { Tokenizer } from './tokenize.ts';

/** An open model; it lives as long as the process. */
export interface NativeModel {
  readonly pointer: Pointer;
  readonly trainedContext: number;
  /** Undefined = the processor computes everything, as was asked. */
  readonly offload: Offload | undefined;
  readonly vocabularySize: number;
  /** Reads all tokens; once, when first needed. */
  tokens(): TokenTable;
  tokenizer(): Tokenizer;
}

/** A model file, and on which GPUs it shall be; none = the processor. */
export interface ModelOrder {
  readonly path: string;
  readonly gpu?: GpuSettings | null;
}

/** Opens a model file; throws ConfigError with `reason()` (what the library logged). */
export async function openModel(
  library: Library,
  { path, gpu = null }: ModelOrder,
  reason: () => string,
): Promise<NativeModel> {
  const { params: placed, held } = planOffload(library, gpu);
  const params = { ...library.modelDefaultParams(), ...placed };
  const model = await callAsync(library.modelLoad, path, params);
  // Native code read the shares until now.
  void held;
  if (model === null) throw unusable(`${path} cannot be loaded`, reason());
  if (library.modelHasEncoder(model) || !library.modelHasDecoder(model) || library.modelIsDiffusion(model))
    throw unusable(`${path} is not a model that writes text token by token`, '');
  const vocabulary = library.modelVocabulary(model);
  const vocabularySize = library.vocabularySize(vocabulary);
  if (vocabularySize <= 0) throw unusable(`${path} has no vocabulary`, '');
  let table: TokenTable | undefined;
  const tokens = (): TokenTable => {
    table ??= readTokenTable(library, vocabulary);
    return table;
  };
  return {
    pointer: model,
    trainedContext: library.modelTrainedContext(model),
    offload: describeOffload(library, gpu, library.modelLayers(model)),
    vocabularySize,
    tokens,
    tokenizer: () => ({
      encode: (text, parseSpecial) => encode({ library, vocabulary }, text, parseSpecial),
      bos: library.vocabularyAddBos(vocabulary) ? library.vocabularyBos(vocabulary) : undefined,
      prefixesBlank: library.vocabularyType(vocabulary) === vocabularyTypeSpm,
      controls: tokens().controls,
      userDefined: tokens().userDefined,
    }),
  };
}

interface Source {
  readonly library: Library;
  readonly vocabulary: Pointer;
}

function encode({ library, vocabulary }: Source, text: string, parseSpecial: boolean): Int32Array {
  const bytes = Buffer.from(text, 'utf8');
  const into = (size: number): [Int32Array, number] => {
    const out = new Int32Array(size);
    return [out, library.tokenize(vocabulary, bytes, bytes.length, out, size, false, parseSpecial)];
  };
  let [out, count] = into(bytes.length + 16);
  if (count < 0) [out, count] = into(-count);
  return out.subarray(0, Math.max(count, 0));
}

function unusable(what: string, reason: string): ConfigError {
  return new ConfigError('model_unusable', reason === '' ? `${what}.` : `${what}: ${reason}`);
}
