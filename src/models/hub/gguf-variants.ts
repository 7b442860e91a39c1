/** A repository's GGUF files as the models they make: parts put together, projectors put beside. */

import type { HubFile } from './hub.ts';
import { quantisationOf } from './quantisation.ts';

/** One model of a repository in one quantisation. */
export interface GgufVariant {
  /** The path without part number and ending, e.g. `BF16/model-BF16`. */
  readonly name: string;
  /** In capitals; absent when the name does not tell. */
  readonly quantisation?: string;
  /** All parts in order; the first is what an engine opens. */
  readonly files: readonly HubFile[];
  /** Names of parts that the repository lacks; such a variant cannot be served. */
  readonly missing: readonly string[];
  /** Turns images into what the model reads. */
  readonly projector?: HubFile;
  /** Everything to fetch: parts and projector. */
  readonly sizeBytes: number;
}

interface Parts {
  readonly name: string;
  /** 0 = a single file. */
  readonly count: number;
  readonly files: Map<number, HubFile>;
}

const splitName = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;
/** A split into more parts than this is no honest name. */
const maxParts = 1_000;
/** Most exact first, but f16 before f32: the double size buys nothing. */
const projectorOrder = ['F16', 'BF16', 'Q8_0', 'F32'];

/** Groups them, by name. */
export function ggufVariants(files: readonly HubFile[]): GgufVariant[] {
  const gguf = files.filter((file) => /\.gguf$/i.test(file.path));
  const projectors = gguf.filter((file) => isProjector(file.path));
  const groups = new Map<string, Parts>();
  for (const file of gguf) if (!isProjector(file.path) && !isHelper(file.path)) addTo(groups, file);
  return [...groups.values()]
    .map((parts) => variantOf(parts, projectors))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Does a repository hold any? */
export function hasGguf({ files }: { readonly files: readonly HubFile[] }): boolean {
  return ggufVariants(files).length > 0;
}

const baseOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/') + 1);

const isProjector = (path: string) => /mmproj/i.test(baseOf(path));

/** Importance matrices and adapters are GGUF files too, but no models. */
const isHelper = (path: string) => /imatrix|(?:^|[-_.])lora(?:[-_.]|$)/i.test(baseOf(path));

function addTo(groups: Map<string, Parts>, file: HubFile): void {
  const [, stem, number = '0', total = '0'] = splitName.exec(file.path) ?? [];
  const count = Number(total);
  const isSplit =
    stem !== undefined && count >= 1 && count <= maxParts && Number(number) >= 1 && Number(number) <= count;
  const name = isSplit ? stem : file.path.replace(/\.gguf$/i, '');
  const key = isSplit ? `${name}-of-${total}` : file.path;
  const parts = groups.get(key) ?? { name, count: isSplit ? count : 0, files: new Map<number, HubFile>() };
  parts.files.set(isSplit ? Number(number) : 0, file);
  groups.set(key, parts);
}

function variantOf({ name, count, files }: Parts, projectors: readonly HubFile[]): GgufVariant {
  const ordered = [...files].sort(([one], [other]) => one - other).map(([, file]) => file);
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const missing = numbers.filter((number) => !files.has(number)).map((number) => partName(name, number, count));
  const quantisation = quantisationOf(name);
  const projector = projectorFor(name, projectors);
  const sizeBytes = [...ordered, ...(projector === undefined ? [] : [projector])].reduce(
    (sum, file) => sum + file.sizeBytes,
    0,
  );
  return {
    name,
    files: ordered,
    missing,
    sizeBytes,
    ...(quantisation === undefined ? {} : { quantisation }),
    ...(projector === undefined ? {} : { projector }),
  };
}

const partName = (name: string, number: number, count: number) =>
  `${name}-${String(number).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.gguf`;

/** From the model's own folder, else from the top. */
function projectorFor(name: string, projectors: readonly HubFile[]): HubFile | undefined {
  const beside = projectors.filter((file) => folderOf(file.path) === folderOf(name));
  const candidates = beside.length > 0 ? beside : projectors.filter((file) => folderOf(file.path) === '');
  const rank = (file: HubFile) => {
    const place = projectorOrder.indexOf(quantisationOf(file.path) ?? '');
    return place === -1 ? projectorOrder.length : place;
  };
  return [...candidates].sort((one, other) => rank(one) - rank(other))[0];
}
