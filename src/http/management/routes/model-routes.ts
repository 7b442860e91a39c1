/** `/routes`: names that stand for several deployments, by weight and with fallbacks. */

import { Type } from 'typebox';
import {
  completeRoute,
  type ModelRouteWish,
  modelRouteSpecSchema,
  modelRouteWishSchema,
  routeSpecOf,
} from '../../../fleet/model-route.ts';
import type { ModelRouteView } from '../../../operating/traffic/route-control.ts';
import { changedFields } from '../audit.ts';
import { checkInput } from '../check-input.ts';
import { idParams, missing } from '../find.ts';
import { type ListManner, listQuery, pageSchema, sendList, watchQuery } from '../list.ts';
import { mergePatch } from '../merge-patch.ts';
import { done, json, type Result } from '../result.ts';
import { type Call, defineRoute, type Route } from '../route.ts';
import type { Subscription } from '../watch.ts';

const modelRouteSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    revision: Type.Integer(),
    createdAt: Type.Integer(),
    updatedAt: Type.Integer(),
    spec: Type.Object(modelRouteSpecSchema.properties, { additionalProperties: false, title: 'ModelRouteSpec' }),
    warnings: Type.Array(Type.String()),
  },
  { title: 'ModelRoute' },
);

const manner: ListManner<ModelRouteView> = {
  texts: ({ route }) => [route.id, route.name, route.description],
  orders: {
    name: ({ route }) => route.name,
    createdAt: ({ route }) => route.createdAt,
    updatedAt: ({ route }) => route.updatedAt,
  },
  encode,
};

const list = defineRoute({
  method: 'GET',
  path: '/routes',
  action: 'route.read',
  summary: 'Lists routes: names that stand for several deployments; or watches them.',
  query: { ...listQuery(Object.keys(manner.orders)), ...watchQuery },
  reply: pageSchema(modelRouteSchema),
  handler: ({ query }, call) =>
    query.watch
      ? { kind: 'watch', subscription: watchRoutes(call) }
      : sendList(query, call.world.routes.list(), manner),
});

function watchRoutes({ world }: Call): Subscription {
  const { routes, feeds } = world;
  return {
    feed: feeds.routes,
    action: 'route.read',
    snapshot: async () => routes.list().map(encode),
    item: async (id) => {
      const view = routes.find(id);
      return view && encode(view);
    },
  };
}

const read = defineRoute({
  method: 'GET',
  path: '/routes/:id',
  action: 'route.read',
  summary: 'Shows a route; the id may be its name.',
  params: idParams,
  reply: modelRouteSchema,
  handler: ({ params }, call) => show(find(params.id, call)),
});

const create = defineRoute({
  method: 'POST',
  path: '/routes',
  action: 'route.create',
  summary: 'Makes a route of weighted targets and fallbacks.',
  body: modelRouteWishSchema,
  reply: modelRouteSchema,
  status: 201,
  audit: 'route.create',
  handler: async ({ body }, call) => {
    const view = await call.world.routes.create(completeRoute(body));
    return showChanged(view, call, { type: 'created', detail: Object.keys(body).sort().join(', ') });
  },
});

const replace = defineRoute({
  method: 'PUT',
  path: '/routes/:id',
  action: 'route.edit',
  summary: 'Replaces a route; conversations stay with their targets as far as the weights allow.',
  params: idParams,
  body: modelRouteWishSchema,
  reply: modelRouteSchema,
  audit: 'route.edit',
  handler: ({ params, body }, call) => edit(find(params.id, call), body, call),
});

const patch = defineRoute({
  method: 'PATCH',
  path: '/routes/:id',
  action: 'route.edit',
  summary: 'Changes what is given of a route (JSON Merge Patch); lists are replaced whole.',
  params: idParams,
  body: Type.Record(Type.String(), Type.Unknown(), {
    title: 'ModelRoutePatch',
    description: 'name, targets, fallbacks, description; null takes the last two away.',
  }),
  reply: modelRouteSchema,
  audit: 'route.edit',
  handler: ({ params, body }, call) => {
    const before = find(params.id, call);
    return edit(before, checkInput(modelRouteWishSchema, mergePatch(routeSpecOf(before.route), body)), call);
  },
});

const remove = defineRoute({
  method: 'DELETE',
  path: '/routes/:id',
  action: 'route.delete',
  summary: 'Removes a route; the deployments behind it stay.',
  params: idParams,
  audit: 'route.delete',
  handler: async ({ params }, call) => {
    const { route } = find(params.id, call);
    await call.world.routes.remove(route.id);
    call.world.feeds.routes.publish({ type: 'deleted', id: route.id });
    call.note({ targetId: route.id, targetName: route.name });
    return done;
  },
});

/** All of them. */
export const modelRouteRoutes: readonly Route[] = [list, read, create, replace, patch, remove];

function find(id: string, { world }: Call): ModelRouteView {
  return world.routes.find(id) ?? missing('route', id);
}

/** Without If-Match the edit is made on what was just read: a change in between is refused, not lost. */
async function edit({ route }: ModelRouteView, wish: ModelRouteWish, call: Call): Promise<Result> {
  const spec = completeRoute(wish);
  const view = await call.world.routes.edit(route.id, spec, call.expectedRevision ?? route.revision);
  return showChanged(view, call, { type: 'updated', detail: changedFields(routeSpecOf(route), spec) });
}

interface Told {
  readonly type: 'created' | 'updated';
  readonly detail: string;
}

function showChanged(view: ModelRouteView, call: Call, { type, detail }: Told): Result {
  const { id, name } = view.route;
  call.world.feeds.routes.publish({ type, id });
  call.note({ targetId: id, targetName: name, detail });
  return show(view);
}

function show(view: ModelRouteView): Result {
  return json(encode(view), view.route.revision);
}

function encode({ route, warnings }: ModelRouteView) {
  const { id, name, revision, createdAt, updatedAt } = route;
  return { id, name, revision, createdAt, updatedAt, spec: routeSpecOf(route), warnings };
}
