/** `/hubs` and `/catalogue`: where models can be found. */

import { Type } from 'typebox';
import { listQuery, pageSchema, sendList } from '../list.ts';
import {
  type CatalogueEntry,
  catalogueEntrySchema,
  hubCardSchema,
  hubChoiceSchema,
  hubFilesSchema,
  hubSearchSchema,
} from '../model-desk.ts';
import { json } from '../result.ts';
import { defineRoute, type Route } from '../route.ts';

const hubParams = { hub: hubChoiceSchema };

const search = defineRoute({
  method: 'GET',
  path: '/hubs/:hub/models',
  action: 'hub.search',
  summary: 'Searches a hub; auto takes ModelScope where Hugging Face is silent.',
  params: hubParams,
  query: {
    search: Type.Optional(Type.String({ maxLength: 200 })),
    gguf: Type.Optional(Type.Boolean()),
    sort: Type.Optional(Type.Enum(['trending', 'likes', 'downloads', 'updated'])),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50 })),
    page: Type.Optional(Type.String({ minLength: 1, maxLength: 2_000 })),
  },
  reply: hubSearchSchema,
  handler: async ({ params, query }, { world, signal }) => {
    const { search: text = '', gguf = false, sort = 'trending', limit = 20, page } = query;
    const wanted = { hub: params.hub, text, gguf, sort, limit, ...(page !== undefined && { page }) };
    return json(await world.models.search(wanted, signal));
  },
});

const repositoryQuery = {
  repository: Type.String({ maxLength: 200, pattern: '^[\\w.-]+/[\\w.-]+$' }),
  revision: Type.Optional(Type.String({ minLength: 1, maxLength: 200, pattern: '^[\\w][\\w./-]*$' })),
};

const files = defineRoute({
  method: 'GET',
  path: '/hubs/:hub/files',
  action: 'hub.search',
  summary: "A repository's files with their sizes, and the variants that can be deployed.",
  params: hubParams,
  query: repositoryQuery,
  reply: hubFilesSchema,
  handler: async ({ params, query }, { world, signal }) =>
    json(await world.models.files({ ...params, ...query }, signal)),
});

const card = defineRoute({
  method: 'GET',
  path: '/hubs/:hub/card',
  action: 'hub.search',
  summary: "A repository's model card, and where its licence is accepted if it is gated.",
  params: hubParams,
  query: repositoryQuery,
  reply: hubCardSchema,
  handler: async ({ params, query }, { world, signal }) =>
    json(await world.models.card({ ...params, ...query }, signal)),
});

const orders = {
  name: ({ name }: CatalogueEntry) => name,
  parameterCount: ({ parameterCount }: CatalogueEntry) => parameterCount,
  contextLength: ({ contextLength }: CatalogueEntry) => contextLength,
  releasedAt: ({ releasedAt }: CatalogueEntry) => releasedAt,
};

const catalogue = defineRoute({
  method: 'GET',
  path: '/catalogue',
  action: 'catalogue.read',
  summary: 'Lists well-known models; those that fit this machine alone with fitsOnly.',
  query: {
    ...listQuery(Object.keys(orders)),
    category: Type.Optional(Type.Enum(['llm', 'embedding', 'reranker'])),
    capability: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
    tools: Type.Optional(Type.Enum(['none', 'expected', 'proven', 'failed'])),
    fitsOnly: Type.Optional(Type.Boolean()),
  },
  reply: pageSchema(catalogueEntrySchema),
  handler: async ({ query }, { world }) => {
    const { category, capability, tools, fitsOnly = false } = query;
    const all = (await world.models.catalogue()).filter(
      (entry) =>
        (category === undefined || entry.categories.includes(category)) &&
        (capability === undefined || entry.capabilities.includes(capability)) &&
        (tools === undefined || entry.tools === tools) &&
        (!fitsOnly || entry.variants.some(({ fits }) => fits)),
    );
    return sendList(query, all, {
      texts: ({ name, description, licence }) => [name, description, licence],
      orders: query.sort === undefined ? {} : orders,
      encode: (entry) => entry,
    });
  },
});

/** All of them. */
export const modelRoutes: readonly Route[] = [search, files, card, catalogue];
