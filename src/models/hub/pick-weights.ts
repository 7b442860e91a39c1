/** Which files of a repository make a model in safetensors form: its weights and the small files beside them. */

import { RequestError } from '../../base/errors.ts';
import type { HubFile, HubListing } from './hub.ts';
import { describeHeld } from './pick-files.ts';

type Listing = Pick<HubListing, 'repository' | 'files'>;

const largestSmallBytes = 128 << 20;
const shard = /^(.*)-(\d{5})-of-(\d{5})\.safetensors$/;

/** Small files first, so that what cannot be used is known before gigabytes have come; undefined = it holds no such model. */
export function findWeightFiles({ repository, files }: Listing): readonly HubFile[] | undefined {
  const weights = weightsAmong(files);
  if (weights.length === 0) return undefined;
  const small = files.filter(isSmallFile);
  if (!small.some(({ path }) => path === 'config.json'))
    throw refuse(repository, 'has safetensors and no config.json: it is no whole model');
  const [missing] = missingShards(weights);
  if (missing !== undefined) throw refuse(repository, `lacks a part of its weights: ${missing}`);
  return [...small, ...weights];
}

/** The same; throws RequestError with what the repository holds instead. */
export function pickWeights(listing: Listing): readonly HubFile[] {
  const found = findWeightFiles(listing);
  if (found !== undefined) return found;
  const base = listing.repository.replace(/[-_.]?gguf$/i, '');
  const advice =
    base === listing.repository
      ? ''
      : ` The original weights are usually found as '${base}', under their maker's name.`;
  const message = `'${listing.repository}' has no safetensors. ${describeHeld(listing)}${advice}`;
  throw new RequestError('invalid_value', message, { param: 'source.repository' });
}

/** Where the same weights are there in several forms (Mistral's own, a training's), those that transformers opens. */
function weightsAmong(files: readonly HubFile[]): readonly HubFile[] {
  const all = files.filter(({ path }) => /^[\w-][\w.-]*\.safetensors$/.test(path) && !/^adapter_model/i.test(path));
  const usual = all.filter(({ path }) => /^model(?:-\d{5}-of-\d{5})?\.safetensors$/.test(path));
  return usual.length > 0 ? usual : all;
}

/** What says how a model is built, how its text is split and how it is prompted; program code is never fetched. */
function isSmallFile({ path, sizeBytes }: HubFile): boolean {
  if (sizeBytes > largestSmallBytes || /^(?:pytorch_model|tf_model|flax_model)/.test(path)) return false;
  return (
    /^[\w-][\w.-]*\.(?:json|jinja|model|tiktoken)$/.test(path) ||
    /^(?:merges|vocab)\.txt$/.test(path) ||
    /^additional_chat_templates\/[\w-]+\.jinja$/.test(path)
  );
}

function missingShards(weights: readonly HubFile[]): string[] {
  const there = new Set(weights.map(({ path }) => path));
  return weights.flatMap(({ path }) => {
    const [, stem, , total = '0'] = shard.exec(path) ?? [];
    // More parts than files is all that a lie about their number could claim.
    const count = Math.min(Number(total), weights.length + 1);
    return Array.from(
      { length: count },
      (_, index) => `${stem}-${String(index + 1).padStart(5, '0')}-of-${total}.safetensors`,
    ).filter((name) => !there.has(name));
  });
}

function refuse(repository: string, what: string): RequestError {
  return new RequestError('download_refused', `'${repository}' ${what}.`, { param: 'source.repository' });
}
