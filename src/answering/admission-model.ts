/** Which deployments a caller means; what a key does not name is not there for its holder. */

import { AuthError, RequestError } from '../base/errors.ts';
import type { Roster } from '../engines/roster.ts';
import type { Caller } from '../fleet/caller.ts';
import { type Deployment, servedNames } from '../fleet/deployment.ts';
import { isAllowed, mayUseModel } from '../fleet/permissions.ts';

/** Where deployments and routes are found. */
export type Served = Pick<Roster, 'behind' | 'deployments' | 'routes'>;

/** The name that a request uses, and what it is known by: behind a route that decides. */
export interface WantedModel {
  readonly model: string;
  readonly affinity: string;
}

/**
 * The deployment of this name, or those behind a route of this name in the order in which they are asked; throws
 * `model_not_found`, in the same words for unknown and for forbidden ones, and `forbidden` to those who may call none at
 * all.
 */
export function findDeployments(
  served: Served,
  caller: Caller,
  { model, affinity }: WantedModel,
): readonly [Deployment, ...Deployment[]] {
  if (!isAllowed('inference.call', caller))
    throw new AuthError('forbidden', "This API key may manage, but not call models: it lacks the scope 'inference'.");
  const [first, ...others] = served.behind(model, affinity);
  // Behind a route it is the route's name that a key must hold, not those of the deployments.
  const asked = served.routes().find(({ name }) => name === model) ?? first;
  if (first !== undefined && asked !== undefined && mayUseModel(caller, asked)) return [first, ...others];
  const open = [...served.deployments(), ...served.routes()].filter((one) => mayUseModel(caller, one));
  const names = open.flatMap((one) => ('aliases' in one ? servedNames(one) : [one.name]));
  const message = `The model '${model}' does not exist here. Served: ${names.map((name) => `'${name}'`).join(', ')}.`;
  throw new RequestError('model_not_found', message, { param: 'model' });
}
