/** Looks up what a path names; what is not there, or not theirs to see, is a 404 all the same. */

import { Type } from 'typebox';
import { RequestError } from '../../base/errors.ts';
import type { ApiKeyId } from '../../fleet/api-key.ts';
import type { Instance } from '../../fleet/instance.ts';
import type { UserId } from '../../fleet/user.ts';
import type { DeploymentView } from '../../operating/fleet-control.ts';
import type { Call } from './route.ts';

/** An id, or a name where things have unique ones; never a path of files. */
export const idParams = {
  id: Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$' }),
};

/** The deployment of this id, name or alias. */
export function findDeployment({ world }: Call, id: string): DeploymentView {
  return world.fleet.find(id) ?? missing('deployment', id);
}

/** The instance of this id. */
export function findInstance({ world }: Call, id: string): Instance {
  return world.fleet.instance(id) ?? missing('instance', id);
}

/** Throws. */
export function missing(kind: string, id: string): never {
  throw new RequestError('not_found', `There is no ${kind} '${id.slice(0, 128)}'.`, { param: 'id' });
}

/** Is it shaped like a user's id? */
export function isUserId(id: string): id is UserId {
  return /^usr_[0-9a-f]{16}$/.test(id);
}

/** Is it shaped like a key's id? */
export function isApiKeyId(id: string): id is ApiKeyId {
  return /^key_[0-9a-f]{16}$/.test(id);
}
