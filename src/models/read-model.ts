/** Tells what a model is from the headers of its files. */

import { basename } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import { type GgufFile, type GgufValue, readGguf, readNumbers, readStringsAt, unusable } from './gguf.ts';
import { findParts, isFolder, lookIntoFolder } from './gguf-files.ts';

/** Token types in `tokenizer.ggml.token_type`. */
const controlToken = 3;
const userDefinedToken = 4;
const maxTokens = 4_000_000;
const maxLayers = 10_000;

/** Reads the model at `path`: a GGUF file, any part of a split one, or a folder that holds just one model. */
export function readModel(path: string): ModelSpec {
  const files = findParts(isFolder(path) ? onlyModel(path) : path);
  const parts = files.map(readGguf);
  const [first] = parts;
  if (first === undefined) throw unusable(path, 'it has no parts');
  const header = new Header(first);
  const architecture = header.text('general.architecture');
  if (architecture === undefined) throw unusable(first.path, 'its metadata does not name an architecture');
  refuseOtherKinds(first, architecture, header.text('general.type'));
  if (parts.every((part) => part.tensors.length === 0)) throw unusable(first.path, 'it holds no weights');
  const template = header.text('tokenizer.chat_template.tool_use') ?? header.text('tokenizer.chat_template');
  return {
    name: header.text('general.name') ?? basename(first.path).replace(/(-\d{5}-of-\d{5})?\.gguf$/i, ''),
    files,
    architecture,
    parameterCount: parts.flatMap((part) => part.tensors).reduce((sum, { shape }) => sum + count(shape), 0),
    trainedContext: header.positive(`${architecture}.context_length`),
    ...(template === undefined ? {} : { template }),
    ...readTokens(header),
    sampling: readSampling(header),
    sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    kvBytesPerToken: kvBytesPerToken(header, architecture),
  };
}

function onlyModel(folder: string): string {
  const { models } = lookIntoFolder(folder);
  const [only] = models;
  if (only !== undefined && models.length === 1) return only;
  const found = models.length === 0 ? 'no GGUF file' : `${models.length} models`;
  throw new ConfigError('model_unusable', `The folder '${folder}' holds ${found}; one is needed.`);
}

function refuseOtherKinds(file: GgufFile, architecture: string, type: string | undefined): void {
  if (architecture === 'clip' || type === 'mmproj')
    throw unusable(file.path, "it is a model's image projector, not the model itself");
  if (type === 'adapter') throw unusable(file.path, 'it is an adapter (LoRA); give the model it was made for');
}

/** Typed access to the metadata of the first file. */
class Header {
  readonly file: GgufFile;

  constructor(file: GgufFile) {
    this.file = file;
  }

  value(key: string): GgufValue | undefined {
    return this.file.metadata.get(key);
  }

  text(key: string): string | undefined {
    const value = this.value(key);
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  /** A number that is not negative. */
  number(key: string): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw unusable(this.file.path, `its '${key}' is not a sensible number`);
    return value;
  }

  positive(key: string): number {
    const value = this.number(key);
    if (value === undefined || value === 0) throw unusable(this.file.path, `its metadata lacks '${key}'`);
    return value;
  }

  /** One number for each layer; some architectures give one for all. */
  perLayer(key: string, layers: number): readonly number[] | undefined {
    const value = this.value(key);
    if (typeof value === 'object') return readNumbers(this.file, value, maxLayers);
    const same = this.number(key);
    return same === undefined ? undefined : new Array<number>(layers).fill(same);
  }
}

/** What the makers of the model advise; nonsense counts as no advice. */
function readSampling(header: Header): ModelSpec['sampling'] {
  const advice = (key: string, least: number, most: number): number | undefined => {
    const value = header.value(`general.sampling.${key}`);
    return typeof value === 'number' && value >= least && value <= most ? value : undefined;
  };
  const temperature = advice('temp', 0, 5);
  const topK = advice('top_k', 0, 1_000_000);
  const topP = advice('top_p', 0, 1);
  const minP = advice('min_p', 0, 1);
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
    ...(minP !== undefined && { minP }),
  };
}

function readTokens(header: Header): Pick<ModelSpec, 'vocabularySize' | 'bosToken' | 'eosToken' | 'specialTokens'> {
  const { file } = header;
  const tokens = header.value('tokenizer.ggml.tokens');
  if (typeof tokens !== 'object' || tokens.length === 0) throw unusable(file.path, 'it has no list of tokens');
  if (tokens.length > maxTokens) throw unusable(file.path, `it claims ${tokens.length} tokens`);
  const types = header.value('tokenizer.ggml.token_type');
  const special: number[] = [];
  if (typeof types === 'object')
    readNumbers(file, types, maxTokens).forEach((type, id) => {
      if ((type === controlToken || type === userDefinedToken) && id < tokens.length) special.push(id);
    });
  const bos = header.number('tokenizer.ggml.bos_token_id');
  const eos = header.number('tokenizer.ggml.eos_token_id');
  const named = [bos, eos].filter((id) => id !== undefined && id < tokens.length).map(Number);
  const places = [...new Set([...special, ...named])].sort((a, b) => a - b);
  const spelling = new Map(readStringsAt(file, tokens, places).map((text, index) => [places[index], text]));
  return {
    vocabularySize: tokens.length,
    bosToken: spelling.get(bos) ?? '',
    eosToken: spelling.get(eos) ?? '',
    specialTokens: special.map((id) => spelling.get(id) ?? '').filter((text) => text !== ''),
  };
}

/** Keys and values of all layers at f16; layers without attention (state-space ones) have no heads and count nothing. */
function kvBytesPerToken(header: Header, architecture: string): number {
  const at = (key: string) => `${architecture}.${key}`;
  const layers = header.positive(at('block_count'));
  if (layers > maxLayers) throw unusable(header.file.path, `it claims ${layers} layers`);
  const heads = header.perLayer(at('attention.head_count'), layers) ?? [];
  const keyHeads = header.perLayer(at('attention.head_count_kv'), layers) ?? heads;
  const most = Math.max(...heads, 0);
  const width = most === 0 ? 0 : header.positive(at('embedding_length')) / most;
  const keyLength = header.number(at('attention.key_length')) ?? width;
  const valueLength = header.number(at('attention.value_length')) ?? width;
  const bytesPerValue = 2;
  return keyHeads.slice(0, layers).reduce((sum, count) => sum + count * (keyLength + valueLength) * bytesPerValue, 0);
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
