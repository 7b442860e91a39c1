/** Where models are looked for: the hubs and the catalogue, as the routes need them. */

import { type Static, Type } from 'typebox';
import { modelSourceSchema } from '../../fleet/model-source.ts';

const count = Type.Integer({ minimum: 0 });

/** Which hub to ask; `auto` takes the one that answers. */
export const hubChoiceSchema = Type.Enum(['auto', 'huggingface', 'modelscope']);

/** Which hub to ask. */
export type HubChoice = Static<typeof hubChoiceSchema>;

/** A search on a hub. */
export interface HubSearch {
  readonly hub: HubChoice;
  readonly text: string;
  /** Only repositories that hold GGUF files. */
  readonly gguf: boolean;
  readonly sort: 'trending' | 'likes' | 'downloads' | 'updated';
  readonly limit: number;
  /** The `nextPage` of the page before. */
  readonly page?: string;
}

const hubFile = Type.Object(
  { path: Type.String(), sizeBytes: count, sha256: Type.Optional(Type.String()) },
  { title: 'HubFile' },
);

const hubFacts = {
  /** The hub that was asked in the end. */
  hub: Type.Enum(['huggingface', 'modelscope']),
  /** Why it was that one, where `auto` did not take the first. */
  note: Type.Optional(Type.String()),
};

/** What a search found. */
export const hubSearchSchema = Type.Object(
  {
    ...hubFacts,
    models: Type.Array(
      Type.Object(
        {
          repository: Type.String(),
          downloads: count,
          likes: count,
          updatedAt: Type.Optional(count),
          isGated: Type.Boolean(),
          hasGguf: Type.Boolean(),
          licence: Type.Optional(Type.String()),
          task: Type.Optional(Type.String()),
        },
        { title: 'HubModel' },
      ),
    ),
    nextPage: Type.Optional(Type.String()),
  },
  { title: 'HubSearch' },
);

/** The files of a repository, and the variants that can be deployed. */
export const hubFilesSchema = Type.Object(
  {
    ...hubFacts,
    repository: Type.String(),
    commit: Type.String(),
    variants: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          quantisation: Type.Optional(Type.String()),
          /** All parts in order. */
          files: Type.Array(hubFile),
          /** Parts that the repository lacks; such a variant cannot be served. */
          missing: Type.Array(Type.String()),
          /** For images; is fetched with the model. */
          projector: Type.Optional(hubFile),
          sizeBytes: count,
        },
        { title: 'HubVariant' },
      ),
    ),
    files: Type.Array(hubFile),
  },
  { title: 'HubFiles' },
);

/** What a repository says about itself. */
export const hubCardSchema = Type.Object(
  {
    ...hubFacts,
    markdown: Type.String(),
    licence: Type.Optional(Type.String()),
    baseModel: Type.Optional(Type.String()),
    gatedUrl: Type.Optional(Type.String()),
  },
  { title: 'HubCard' },
);

/** A model of the catalogue, with how one of its variants would fit this machine. */
export const catalogueEntrySchema = Type.Object(
  {
    name: Type.String(),
    description: Type.String(),
    parameterCount: Type.Optional(count),
    contextLength: Type.Optional(count),
    licence: Type.String(),
    categories: Type.Array(Type.String()),
    capabilities: Type.Array(Type.String()),
    toolFormat: Type.Optional(Type.String()),
    /** `expected` until a probe on this server proved or refuted it. */
    tools: Type.Enum(['none', 'expected', 'proven', 'failed']),
    /** 1 = suits this machine best; absent = not among the best. */
    rank: Type.Optional(count),
    releasedAt: Type.Optional(Type.String()),
    repositories: Type.Object({
      huggingface: Type.Optional(Type.String()),
      modelscope: Type.Optional(Type.String()),
    }),
    variants: Type.Array(
      Type.Object(
        { quantisation: Type.String(), sizeBytes: count, fits: Type.Boolean(), source: modelSourceSchema },
        { title: 'CatalogueVariant' },
      ),
    ),
  },
  { title: 'CatalogueEntry' },
);

/** A model of the catalogue. */
export type CatalogueEntry = Static<typeof catalogueEntrySchema>;

/** A repository of a hub. */
export interface RepositoryQuestion {
  readonly hub: HubChoice;
  readonly repository: string;
  readonly revision?: string;
}

/** Asks hubs and the catalogue. */
export interface ModelDesk {
  search(query: HubSearch, signal: AbortSignal): Promise<Static<typeof hubSearchSchema>>;
  files(question: RepositoryQuestion, signal: AbortSignal): Promise<Static<typeof hubFilesSchema>>;
  card(question: RepositoryQuestion, signal: AbortSignal): Promise<Static<typeof hubCardSchema>>;
  /** All of it, in its own order. */
  catalogue(): Promise<readonly CatalogueEntry[]>;
}
