/** The routes of a file: what is there under a name is replaced, what is new is made. */

import { RequestError } from '../../base/errors.ts';
import { completeRoute, type ModelRouteSpec, type ModelRouteWish, routeSpecOf } from '../../fleet/model-route.ts';
import { checkRoute } from '../../operating/traffic/check-route.ts';
import type { ModelRouteView } from '../../operating/traffic/route-control.ts';
import { changedFields } from './audit.ts';
import type { ImportStep } from './import-step.ts';
import type { Call } from './route.ts';

/** What each route of the file asks for; `served` = the names and ids of deployments once the file's own are there. */
export function planRoutes(
  wishes: readonly ModelRouteWish[],
  served: ReadonlySet<string>,
  call: Call,
): readonly ImportStep[] {
  const seen = new Set<string>();
  return wishes.map((wish, index) => {
    const spec = completeRoute(wish);
    const place = `routes[${index}].`;
    if (seen.has(spec.name))
      throw new RequestError('name_taken', `Two routes would be called '${spec.name}'.`, { param: `${place}name` });
    seen.add(spec.name);
    checkRoute(spec, { isServed: (name) => served.has(name), place });
    return stepOf(spec, call);
  });
}

function stepOf(spec: ModelRouteSpec, { world }: Call): ImportStep {
  const { name } = spec;
  const before = world.routes.list().find(({ route }) => route.name === name)?.route;
  const tell = (type: 'created' | 'updated' | 'deleted', id: string): void => world.feeds.routes.publish({ type, id });
  if (before === undefined)
    return {
      ...{ name, fields: '' },
      async apply() {
        const { route } = await world.routes.create(spec);
        tell('created', route.id);
        return async () => {
          await world.routes.remove(route.id);
          tell('deleted', route.id);
        };
      },
    };
  const { id } = before;
  const edit = async (wanted: ModelRouteSpec, revision: number): Promise<ModelRouteView> => {
    const view = await world.routes.edit(id, wanted, revision);
    tell('updated', id);
    return view;
  };
  return {
    ...{ name, id, fields: changedFields(routeSpecOf(before), spec) },
    async apply() {
      const { route } = await edit(spec, before.revision);
      return () => edit(routeSpecOf(before), route.revision);
    },
  };
}
