/** The catalogue: well-known models that can be deployed by name, and the chat templates they are known by. */

/** Where a model's files are on a hub. */
export interface CatalogRepository {
  /** `owner/name`. */
  readonly repository: string;
  /** The page on which it was read. */
  readonly source: string;
}

/** A chat template that was read, and the tool format that detection finds in it. */
export interface CatalogTemplate {
  readonly name: string;
  /** By `hashTemplate`. */
  readonly sha256: string;
  /** A name of `docs/formats.md`. */
  readonly format: string;
  /** Where it was read. */
  readonly source: string;
}

/** One model of one size. */
export interface CatalogEntry {
  readonly name: string;
  readonly family: string;
  /** `2025-04`. */
  readonly released: string;
  /** Thousand millions of parameters. */
  readonly billions: number;
  /** Those used for each token, where that is not all of them. */
  readonly activeBillions?: number;
  readonly licence: string;
  /** Tokens it was made for. */
  readonly context: number;
  /** What the repositories offer, the usual choice first. */
  readonly quantisations: readonly string[];
  readonly huggingFace?: CatalogRepository;
  readonly modelScope?: CatalogRepository;
  /** The weights come with the package. */
  readonly isBundled: boolean;
  /** Tool calls are *expected* of it, in this template's format; absent = nothing is claimed. */
  readonly template?: CatalogTemplate;
}

/** All entries, in the order of the file. */
export interface Catalog {
  readonly entries: readonly CatalogEntry[];
  readonly templates: readonly CatalogTemplate[];
}

/** What repositories add to a model's name for the same weights in another form. */
const formSuffix =
  /[-_](?:awq|gptq|gguf|fp8|bnb|mlx|int[48]|[48]bit|4bits?|w4a16|bf16|fp16|dynamic|quantized)(?=$|[-_])/gi;

/** The entry of the same model, whatever form of its weights the name is of. */
export function findKin(catalog: Catalog, name: string): CatalogEntry | undefined {
  const bare = name.replaceAll(formSuffix, '').replace(/^meta-/i, '');
  const found = findInCatalog(catalog, bare);
  return found?.isBundled ? undefined : found;
}

/** The entry of this name, however it is capitalised. */
export function findInCatalog({ entries }: Catalog, name: string): CatalogEntry | undefined {
  const wanted = name.toLowerCase();
  return entries.find((entry) => entry.name.toLowerCase() === wanted);
}
