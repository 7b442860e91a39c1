/** Tells what a folder of safetensors is from its small files and headers, for engines that open it as it is. */

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import { readChatTemplates } from './convert/chat-templates.ts';
import { nameOfFolder } from './convert/name-of-folder.ts';
import { readJson } from './convert/read-json.ts';
import { readSafetensors } from './convert/safetensors.ts';
import { readSamplingAdvice } from './convert/sampling-advice.ts';
import { listSourceFiles } from './convert/source-key.ts';
import { type AddedToken, readAddedTokens, spelling } from './convert/tokenizer-files.ts';
import { Unconvertible } from './convert/unconvertible.ts';
import { listWeightFiles } from './convert/weight-files.ts';
import { readWeightsConfig } from './weights-config.ts';

type Json = Record<string, unknown>;

const mostSpecialTokens = 100_000;

/** Reads the model in `folder`; the first of its files is the folder itself. Throws ConfigError that names file and field. */
export function readWeightsFolder(folder: string): ModelSpec {
  try {
    return read(folder);
  } catch (thrown) {
    if (!(thrown instanceof Unconvertible)) throw thrown;
    const message = `The weights in '${folder}' cannot be served: ${thrown.message}. Mend that file, or download the model again.`;
    throw new ConfigError('model_unusable', message, { cause: thrown });
  }
}

function read(folder: string): ModelSpec {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new Unconvertible('it is no folder');
  const config = readJson(folder, 'config.json');
  if (config === undefined) throw new Unconvertible('it has no config.json');
  const { isQuantised, ...extents } = readWeightsConfig(config);
  const settings = readJson(folder, 'tokenizer_config.json') ?? {};
  const { usual, forTools = usual } = readChatTemplates(folder, settings);
  const weights = measure(folder);
  return {
    name: nameOfFolder(folder),
    files: [folder, ...listSourceFiles(folder)],
    ...extents,
    ...(forTools !== undefined && { template: forTools }),
    ...readTokens(folder, config, settings),
    sampling: readSamplingAdvice(folder),
    sizeBytes: weights.sizeBytes,
    // Of packed values nobody can say how many there were.
    ...(!isQuantised && { parameterCount: weights.values }),
  };
}

/** Reads every header, so that a truncated file is noticed now and not by an engine two minutes later. */
function measure(folder: string): { readonly sizeBytes: number; readonly values: number } {
  const files = listWeightFiles(folder);
  if (files.length === 0) throw new Unconvertible('it has no safetensors');
  const paths = files.map((name) => join(folder, name));
  const sizeBytes = paths.reduce((sum, path) => sum + statSync(path).size, 0);
  const values = paths
    .flatMap(readSafetensors)
    .reduce((sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1), 0);
  return { sizeBytes, values };
}

function readTokens(
  folder: string,
  config: Json,
  settings: Json,
): Pick<ModelSpec, 'bosToken' | 'eosToken' | 'specialTokens'> {
  const added = readAddedTokens(folder, settings);
  const map = readJson(folder, 'special_tokens_map.json') ?? {};
  const named = (key: string) =>
    spelling(settings[key]) ?? spelling(map[key]) ?? byId(config[`${key}_id`], added) ?? '';
  const bosToken = named('bos_token');
  const eosToken = named('eos_token');
  const texts = [...added.map(({ text }) => text), bosToken, eosToken].filter((text) => text !== '');
  if (texts.length > mostSpecialTokens) throw new Unconvertible(`its tokenizer adds ${texts.length} tokens`);
  return { bosToken, eosToken, specialTokens: [...new Set(texts)] };
}

function byId(value: unknown, added: readonly AddedToken[]): string | undefined {
  const wanted: unknown = Array.isArray(value) ? value[0] : value;
  return added.find(({ id }) => id === wanted)?.text;
}
