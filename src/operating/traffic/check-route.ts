/** What a route may not say: a name that is a deployment's, targets that are not deployed, nobody who would answer. */

import { RequestError } from '../../base/errors.ts';
import type { ModelRouteSpec } from '../../fleet/model-route.ts';

/** What is known where a route is checked. */
export interface RouteRules {
  /** Does a deployment answer to this name? */
  readonly isServed: (name: string) => boolean;
  /** Before each field's path, e.g. `routes[2].`. */
  readonly place?: string;
}

/** Throws RequestError that names the field. */
export function checkRoute({ name, targets, fallbacks }: ModelRouteSpec, { isServed, place = '' }: RouteRules): void {
  if (isServed(name)) throw nameTaken(name, place);
  for (const [index, { deployment }] of targets.entries())
    if (!isServed(deployment)) throw notDeployed(deployment, `${place}targets[${index}].deployment`);
  for (const [index, fallback] of fallbacks.entries())
    if (!isServed(fallback)) throw notDeployed(fallback, `${place}fallbacks[${index}]`);
  if (targets.every(({ weight }) => weight === 0) && fallbacks.length === 0)
    throw new RequestError('invalid_value', 'No target has a weight, and there is no fallback: nobody would answer.', {
      param: `${place}targets`,
    });
}

/** The refusal of a name that is another's. */
export function nameTaken(name: string, place = ''): RequestError {
  const message = `A deployment or another route answers to '${name}' already.`;
  return new RequestError('name_taken', message, { param: `${place}name` });
}

function notDeployed(name: string, param: string): RequestError {
  return new RequestError('invalid_value', `No deployment answers to '${name}'.`, { param });
}
