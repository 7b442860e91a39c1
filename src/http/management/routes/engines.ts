/** `/engines`: the programs and libraries that run models: found, installed, removed. */

import { isAbsolute } from 'node:path';
import { Type } from 'typebox';
import { engineWishSchema, type InstalledEngine } from '../../../fleet/engine.ts';
import { checkPath } from '../deployment-rules.ts';
import { idParams, missing } from '../find.ts';
import { listQuery, pageSchema, sendList, watchQuery } from '../list.ts';
import { engineSchema } from '../replies.ts';
import { done, json } from '../result.ts';
import { type Call, defineRoute, type Route } from '../route.ts';
import type { Subscription } from '../watch.ts';

const orders = {
  name: ({ name }: InstalledEngine) => name,
  version: ({ version }: InstalledEngine) => version,
  state: ({ state }: InstalledEngine) => state,
  installedAt: ({ installedAt }: InstalledEngine) => installedAt,
};

const list = defineRoute({
  method: 'GET',
  path: '/engines',
  action: 'engine.read',
  summary: 'Lists the engines of the server, those of other programs and those being installed too, or watches them.',
  query: { ...listQuery(Object.keys(orders)), ...watchQuery },
  reply: pageSchema(engineSchema),
  handler: async ({ query }, call) =>
    query.watch
      ? { kind: 'watch', subscription: watchEngines(call) }
      : sendList(query, await call.world.engines.list(), {
          texts: ({ id, name, version, command }) => [id, name, version, ...command],
          orders,
          encode: (engine) => engine,
        }),
});

function watchEngines({ world }: Call): Subscription {
  const { engines, feeds } = world;
  return {
    feed: feeds.engines,
    action: 'engine.read',
    snapshot: () => engines.list(),
    item: async (id) => engines.peek(id),
  };
}

const read = defineRoute({
  method: 'GET',
  path: '/engines/:id',
  action: 'engine.read',
  summary: 'Shows an engine.',
  params: idParams,
  reply: engineSchema,
  handler: async ({ params }, call) => json(await findEngine(call, params.id)),
});

async function findEngine({ world }: Call, id: string): Promise<InstalledEngine> {
  const all = await world.engines.list();
  return all.find((engine) => engine.id === id) ?? missing('engine', id);
}

const install = defineRoute({
  method: 'POST',
  path: '/engines',
  action: 'engine.install',
  summary: 'Begins to install an engine; the same one twice is one installation.',
  body: engineWishSchema,
  reply: engineSchema,
  status: 202,
  audit: 'engine.install',
  handler: async ({ body }, { world, note }) => {
    const { wheels } = body;
    // Whether it is an absolute path at all, the desk says too, in its own words.
    if (wheels !== undefined && isAbsolute(wheels))
      await checkPath(wheels, { pathRoots: await world.settings.pathRoots(), param: 'wheels' });
    const engine = await world.engines.install(body);
    note({ targetId: engine.id, targetName: describe(engine), detail: JSON.stringify(body) });
    return json(engine);
  },
});

const remove = defineRoute({
  method: 'DELETE',
  path: '/engines/:id',
  action: 'engine.remove',
  summary: 'Removes an engine that the platform installed and that runs nothing; cancels one that is being installed.',
  params: idParams,
  audit: 'engine.remove',
  handler: async ({ params }, call) => {
    const engine = await findEngine(call, params.id);
    await call.world.engines.remove(engine.id);
    call.note({ targetId: engine.id, targetName: describe(engine) });
    return done;
  },
});

function describe({ name, version }: InstalledEngine): string {
  return version === '' ? name : `${name} ${version}`;
}

const usualLines = 200;

const log = defineRoute({
  method: 'GET',
  path: '/engines/:id/log',
  action: 'log.read',
  summary: 'The last lines of what its installation said; goes on as they come with follow.',
  params: idParams,
  query: {
    lines: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
    follow: Type.Optional(Type.Boolean()),
  },
  replyType: 'text/plain',
  handler: async ({ params, query }, call) => {
    const { lines = usualLines, follow = false } = query;
    const { id } = await findEngine(call, params.id);
    return { kind: 'lines', lines: call.world.engines.log(id, { lines, follow, signal: call.signal }) };
  },
});

/** All of them. */
export const engineRoutes: readonly Route[] = [list, read, install, remove, log];
