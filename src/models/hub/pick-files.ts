/** Which files of a repository to fetch: what was asked for, or the usual choice, or the choices there are. */

import { RequestError } from '../../base/errors.ts';
import { type GgufVariant, ggufVariants } from './gguf-variants.ts';
import type { HubFile, HubListing } from './hub.ts';
import { usualOrder } from './quantisation.ts';

/** What a person asked for; nothing = the usual choice. */
export interface WantedVariant {
  readonly quantisation?: string;
  /** A file's path; goes before `quantisation`. */
  readonly file?: string;
}

type Listing = Pick<HubListing, 'repository' | 'files'>;

/** Most choices that a message lists. */
const maxListed = 30;

/** The files to fetch; throws RequestError with the choices, or with what the repository holds instead. */
export function pickFiles(listing: Listing, wanted: WantedVariant = {}): GgufVariant {
  const variants = ggufVariants(listing.files);
  if (variants.length === 0) throw noGguf(listing);
  if (wanted.file !== undefined) return whole(listing, byFile(listing, variants, wanted.file));
  if (wanted.quantisation !== undefined) return whole(listing, byQuantisation(listing, variants, wanted.quantisation));
  return whole(listing, usual(listing, variants));
}

function byFile(listing: Listing, variants: readonly GgufVariant[], path: string): GgufVariant {
  const holds = (matches: (file: HubFile) => boolean) => variants.find((variant) => variant.files.some(matches));
  const found =
    holds((file) => file.path === path) ?? holds((file) => file.path.toLowerCase().endsWith(`/${path.toLowerCase()}`));
  if (found === undefined) throw choose(listing, variants, `has no model file '${path}'`);
  return found;
}

function byQuantisation(listing: Listing, variants: readonly GgufVariant[], wanted: string): GgufVariant {
  const name = wanted.toUpperCase();
  const exact = variants.filter(({ quantisation }) => quantisation === name);
  const alike = exact.length > 0 ? exact : variants.filter(({ quantisation }) => quantisation === `UD-${name}`);
  return only(listing, alike) ?? fail(choose(listing, variants, `has no variant '${wanted}'`));
}

function usual(listing: Listing, variants: readonly GgufVariant[]): GgufVariant {
  const complete = variants.filter(({ missing }) => missing.length === 0);
  const from = complete.length > 0 ? complete : variants;
  for (const name of usualOrder) {
    const found = only(
      listing,
      from.filter(({ quantisation }) => quantisation === name),
    );
    if (found !== undefined) return found;
  }
  return only(listing, from) ?? fail(noGguf(listing));
}

/** The one there is, if any; several are for a person to choose from. */
function only(listing: Listing, variants: readonly GgufVariant[]): GgufVariant | undefined {
  if (variants.length > 1) throw choose(listing, variants, `holds several models that fit`);
  return variants[0];
}

function whole(listing: Listing, variant: GgufVariant): GgufVariant {
  const [first] = variant.missing;
  if (first === undefined) return variant;
  throw new RequestError(
    'download_refused',
    `'${listing.repository}' lacks ${variant.missing.length} of the parts of '${variant.name}', among them ${first}.`,
  );
}

function choose({ repository }: Listing, variants: readonly GgufVariant[], what: string): RequestError {
  const names = variants.map((variant) => variant.quantisation);
  const lines = variants.slice(0, maxListed).map((variant) => {
    const isUnique =
      variant.quantisation !== undefined && names.filter((name) => name === variant.quantisation).length === 1;
    const key = isUnique ? variant.quantisation : variant.files[0]?.path;
    return `  ${repository}:${key}  ${sizeText(variant.sizeBytes)}${variant.missing.length > 0 ? ' (incomplete)' : ''}`;
  });
  const more = variants.length > maxListed ? [`  … and ${variants.length - maxListed} more`] : [];
  const message = `'${repository}' ${what}; choose one of:\n${[...lines, ...more].join('\n')}`;
  return new RequestError('invalid_value', message, { param: 'source.quantisation' });
}

const otherWeights: ReadonlyArray<readonly [string, RegExp]> = [
  ['GGUF', /\.gguf$/i],
  ['safetensors', /\.safetensors$/i],
  ['Python pickles', /\.(?:bin|pt|pth|ckpt|pkl)$/i],
  ['ONNX', /\.onnx(?:_data)?$/i],
  ['MLX', /\.npz$/i],
];

/** What a repository holds in place of what was looked for, as a sentence. */
export function describeHeld({ files }: Pick<Listing, 'files'>): string {
  const held = otherWeights.flatMap(([kind, ending]) => {
    const found = files.filter((file) => ending.test(file.path));
    const size = sizeText(found.reduce((sum, file) => sum + file.sizeBytes, 0));
    return found.length === 0 ? [] : [`${kind} (${found.length} ${found.length === 1 ? 'file' : 'files'}, ${size})`];
  });
  return held.length > 0 ? `It holds ${held.join(' and ')}.` : `It holds ${files.length} other files.`;
}

/** Describes a repository without models of ours, and where they usually are. */
function noGguf({ repository, files }: Listing): RequestError {
  const instead = describeHeld({ files });
  const name = repository.slice(repository.indexOf('/') + 1);
  const advice = /gguf$/i.test(name)
    ? ''
    : ` The GGUF form is usually found as '${repository}-GGUF' or 'unsloth/${name}-GGUF'; a search with the GGUF filter finds more.`;
  return new RequestError('invalid_value', `'${repository}' has no GGUF file. ${instead}${advice}`, {
    param: 'source.repository',
  });
}

/** A size as people read it: decimal units, as hubs show them. */
function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}

function fail(error: RequestError): never {
  throw error;
}
