/** `/instances`: the running copies of deployments, and their logs. */

import { Type } from 'typebox';
import type { FleetControl, InstanceView } from '../../../operating/fleet-control.ts';
import { findDeployment, findInstance, idParams } from '../find.ts';
import { listQuery, pageSchema, sendList, watchQuery } from '../list.ts';
import { instanceSchema } from '../replies.ts';
import { json } from '../result.ts';
import { type Call, defineRoute, type Route } from '../route.ts';
import { encodeInstance } from '../views.ts';
import type { Subscription } from '../watch.ts';

const orders = {
  id: ({ id }: InstanceView) => id,
  deploymentId: ({ deploymentId }: InstanceView) => deploymentId,
  since: ({ sinceMs }: InstanceView) => sinceMs,
  state: ({ state }: InstanceView) => state,
};

const list = defineRoute({
  method: 'GET',
  path: '/instances',
  action: 'instance.read',
  summary: 'Lists instances, or watches them; of one deployment if wanted.',
  query: {
    ...listQuery(Object.keys(orders)),
    ...watchQuery,
    deployment: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  },
  reply: pageSchema(instanceSchema),
  handler: ({ query }, call) => {
    const { fleet } = call.world;
    if (query.watch) return { kind: 'watch', subscription: watchInstances(call, query.deployment) };
    const all = query.deployment === undefined ? instancesOf(fleet) : findDeployment(call, query.deployment).instances;
    return sendList(query, all, {
      // What may not be read must not be found either.
      texts: (instance) => [instance.id, instance.deploymentId, encodeInstance(instance, call.may).reason],
      orders,
      encode: (instance) => encodeInstance(instance, call.may),
    });
  },
});

function instancesOf(fleet: FleetControl): readonly InstanceView[] {
  return fleet.deployments().flatMap(({ instances }) => instances);
}

function watchInstances(call: Call, deployment: string | undefined): Subscription {
  const { fleet, feeds } = call.world;
  const only = deployment === undefined ? undefined : findDeployment(call, deployment).deployment.id;
  const isWanted = (instance: InstanceView): boolean => only === undefined || instance.deploymentId === only;
  return {
    feed: feeds.instances,
    action: 'instance.read',
    snapshot: async (may) =>
      instancesOf(fleet)
        .filter(isWanted)
        .map((instance) => encodeInstance(instance, may)),
    item: async (id, may) => {
      const instance = fleet.instance(id);
      return instance && isWanted(instance) ? encodeInstance(instance, may) : undefined;
    },
  };
}

const read = defineRoute({
  method: 'GET',
  path: '/instances/:id',
  action: 'instance.read',
  summary: 'Shows an instance with its last changes of state.',
  params: idParams,
  reply: instanceSchema,
  handler: ({ params }, call) => json(encodeInstance(findInstance(call, params.id), call.may)),
});

const runs = defineRoute({
  method: 'GET',
  path: '/instances/:id/runs',
  action: 'log.read',
  summary: 'Lists the runs whose logs are kept, newest last.',
  params: idParams,
  reply: Type.Object({ runs: Type.Array(Type.Integer()) }),
  handler: async ({ params }, call) => json({ runs: await call.world.fleet.logRuns(findInstance(call, params.id).id) }),
});

const usualLines = 200;

const logs = defineRoute({
  method: 'GET',
  path: '/instances/:id/logs',
  action: 'log.read',
  summary: 'The last lines of a run, the current one unless another is named; goes on as they come with follow.',
  params: idParams,
  query: {
    run: Type.Optional(Type.Integer({ minimum: 1 })),
    lines: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
    follow: Type.Optional(Type.Boolean()),
  },
  replyType: 'text/plain',
  handler: ({ params, query }, call) => {
    const { run, lines = usualLines, follow = false } = query;
    const { id } = findInstance(call, params.id);
    const wanted = { ...(run !== undefined && { run }), lines, follow, signal: call.signal };
    return { kind: 'lines', lines: call.world.fleet.logs(id, wanted) };
  },
});

/** All of them. */
export const instanceRoutes: readonly Route[] = [list, read, runs, logs];
