/** Which deployment a caller means; what a key does not name is not there for its holder. */

import { AuthError, RequestError } from '../base/errors.ts';
import type { Caller } from '../fleet/caller.ts';
import { type Deployment, servedNames } from '../fleet/deployment.ts';
import { isAllowed, mayUseModel } from '../fleet/permissions.ts';

/** Where deployments are found: the roster. */
export interface Served {
  find(modelName: string): Deployment | undefined;
  deployments(): readonly Deployment[];
}

/**
 * The deployment of this name; throws `model_not_found`, in the same words for unknown and for forbidden ones, and
 * `forbidden` to those who may call none at all.
 */
export function findModel(served: Served, caller: Caller, name: string): Deployment {
  if (!isAllowed('inference.call', caller))
    throw new AuthError('forbidden', "This API key may manage, but not call models: it lacks the scope 'inference'.");
  const deployment = served.find(name);
  if (deployment !== undefined && mayUseModel(caller, deployment)) return deployment;
  const open = served.deployments().filter((one) => mayUseModel(caller, one));
  const names = open.flatMap((one) => servedNames(one).map((each) => `'${each}'`));
  const message = `The model '${name}' does not exist here. Served: ${names.join(', ')}.`;
  throw new RequestError('model_not_found', message, { param: 'model' });
}
