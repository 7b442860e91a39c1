/** Who may do what: one table of actions, for every way of asking. */

import type { Caller } from './caller.ts';
import type { User, UserId } from './user.ts';

/**
 * Which callers an action is open to.
 * `anyone`: whoever was let in at all. `model`: who may call models. `member`: whoever manages, in any role.
 * `own`: like `member`, but only what is theirs. `person`: like `own`, but signed in, never by a key: a key that
 * leaks must not take the account over. `admin`: administrators.
 */
export type Rule = 'anyone' | 'model' | 'member' | 'own' | 'person' | 'admin';

/** The table; whatever is not in it cannot be done. */
export const permissions = {
  'inference.call': 'model',
  'models.list': 'model',

  'deployment.read': 'member',
  // The environment and the parameters of an engine may hold secrets of others.
  'deployment.read-environment': 'admin',
  'deployment.create': 'admin',
  'deployment.edit': 'admin',
  'deployment.delete': 'admin',
  'deployment.probe': 'admin',
  'route.read': 'member',
  'route.create': 'admin',
  'route.edit': 'admin',
  'route.delete': 'admin',
  'instance.read': 'member',
  // Logs may hold prompts of others.
  'log.read': 'admin',
  'catalogue.read': 'member',
  'hub.search': 'admin',
  'download.read': 'admin',
  'download.start': 'admin',
  'download.cancel': 'admin',
  'model-file.read': 'admin',
  'model-file.delete': 'admin',
  'engine.read': 'admin',
  'engine.install': 'admin',
  'engine.remove': 'admin',
  'device.read': 'admin',
  'device.cordon': 'admin',

  'me.read': 'own',
  'me.edit': 'person',
  'session.read-own': 'own',
  'session.delete-own': 'own',
  'session.read-any': 'admin',
  'session.delete-any': 'admin',
  'key.read-own': 'own',
  'key.create-own': 'own',
  'key.edit-own': 'own',
  'key.delete-own': 'own',
  'key.read-any': 'admin',
  'key.edit-any': 'admin',
  'key.delete-any': 'admin',
  'user.read': 'admin',
  'user.create': 'admin',
  'user.edit': 'admin',
  'user.delete': 'admin',

  'settings.read': 'admin',
  'settings.edit': 'admin',
  // Captured requests hold whatever was said.
  'capture.read-own': 'own',
  'capture.read-any': 'admin',
  'usage.read-own': 'own',
  'usage.read-any': 'admin',
  'client.read': 'admin',
  'audit.read': 'admin',
  'metrics.read': 'admin',
  'status.read': 'member',
  'openapi.read': 'anyone',
} as const satisfies Record<string, Rule>;

/** Something a caller may want to do. */
export type Action = keyof typeof permissions;

/** May this caller do it, and, where it is done to somebody's thing, to this owner's? */
export function isAllowed(action: Action, caller: Caller, owner?: UserId): boolean {
  switch (permissions[action]) {
    case 'anyone':
      return true;
    case 'model':
      return caller.kind !== 'key' || caller.key.scopes.includes('inference');
    case 'member':
      return managerOf(caller) !== undefined;
    case 'own':
      return isOwn(managerOf(caller), owner);
    case 'person':
      return caller.kind === 'session' && isOwn(caller.user, owner);
    case 'admin':
      return managerOf(caller)?.role === 'admin';
  }
}

/** The person behind a request; a key of the command line and a program of this machine have none. */
export function personOf(caller: Caller): User | undefined {
  if (caller.kind === 'session') return caller.user;
  return caller.kind === 'key' ? caller.owner : undefined;
}

/** May this caller use, and know of, a model that answers to these names? */
export function mayUseModel(caller: Caller, model: NamedModel): boolean {
  if (!isAllowed('models.list', caller)) return false;
  if (caller.kind !== 'key' || caller.key.allowedModels === undefined) return true;
  const { allowedModels } = caller.key;
  return [model.name, ...(model.aliases ?? [])].some((name) => allowedModels.includes(name));
}

/** A deployment, or a route, which has no other names. */
interface NamedModel {
  readonly name: string;
  readonly aliases?: readonly string[];
}

/** The person on whose behalf the platform may be managed. */
function managerOf(caller: Caller): User | undefined {
  if (caller.kind === 'key' && !caller.key.scopes.includes('management')) return undefined;
  return personOf(caller);
}

function isOwn(person: User | undefined, owner: UserId | undefined): boolean {
  return person !== undefined && (owner === undefined || owner === person.id);
}
