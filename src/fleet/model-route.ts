/** A name that stands for several deployments: by weight, with others behind them for when none of those can answer. */

import { type Static, Type } from 'typebox';
import { modelName } from './deployment.ts';

/** Names a route. */
export type ModelRouteId = string & { readonly brand: 'ModelRouteId' };

/** A deployment by its name, an alias or its id: looked up at each request, so that it may be deployed anew. */
const deployment = Type.String({ minLength: 1, maxLength: 128 });

const targetSchema = Type.Object(
  {
    deployment,
    /** The share of conversations, against the weights of the others; 0 = none for now. */
    weight: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
  },
  { additionalProperties: false },
);

const targetCount = { minItems: 1, maxItems: 16 };
const fallbacks = Type.Array(deployment, { maxItems: 16, uniqueItems: true });

/** What a person writes. */
export const modelRouteSpecSchema = Type.Object(
  {
    /** What requests name and answers report; no deployment answers to it. */
    name: modelName,
    targets: Type.Array(targetSchema, targetCount),
    /** Asked in this order where no target can answer. */
    fallbacks,
    description: Type.Optional(Type.String({ maxLength: 2_000 })),
  },
  { additionalProperties: false },
);

/** Everything a person can say of a route. */
export type ModelRouteSpec = Static<typeof modelRouteSpecSchema>;

/** A route as it is kept. */
export interface ModelRoute extends ModelRouteSpec {
  readonly id: ModelRouteId;
  /** Goes up with every edit: the ETag. */
  readonly revision: number;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What is enough to make one: a name and targets; a weight is 1 where none is given. */
export const modelRouteWishSchema = Type.Object(
  {
    ...modelRouteSpecSchema.properties,
    targets: Type.Array(
      Type.Object(
        { deployment, weight: Type.Optional(targetSchema.properties.weight) },
        { additionalProperties: false },
      ),
      targetCount,
    ),
    fallbacks: Type.Optional(fallbacks),
  },
  { additionalProperties: false },
);

/** A spec whose gaps are still open. */
export type ModelRouteWish = Static<typeof modelRouteWishSchema>;

/** Fills the gaps of a wish. */
export function completeRoute({ targets: wished, fallbacks: behind = [], ...rest }: ModelRouteWish): ModelRouteSpec {
  const weighted = wished.map(({ deployment: name, weight = 1 }) => ({ deployment: name, weight }));
  return { ...rest, targets: weighted, fallbacks: behind };
}

/** What a person wrote of a route. */
export function routeSpecOf({ id, revision, createdAt, updatedAt, ...spec }: ModelRoute): ModelRouteSpec {
  return spec;
}
