/** Every action against every kind of caller, written out a second time. */

import { describe, expect, it } from 'vitest';
import type { ApiKey, ApiKeyId, KeyScope } from './api-key.ts';
import type { Caller } from './caller.ts';
import { type Action, isAllowed, mayUseModel, permissions, personOf } from './permissions.ts';
import type { Role, SessionId, User, UserId } from './user.ts';

const me: UserId = idOf('usr_0000000000000001');
const other: UserId = idOf('usr_0000000000000002');

const callers = {
  local: { kind: 'local' },
  flag: { kind: 'flag', keyHash: 'f' },
  'inference key of a user': keyOf('user', ['inference']),
  'inference key of an administrator': keyOf('admin', ['inference']),
  'management key of a user': keyOf('user', ['management']),
  'management key of an administrator': keyOf('admin', ['management']),
  'key of a user for both': keyOf('user', ['inference', 'management']),
  'session of a user': sessionOf('user'),
  'session of an administrator': sessionOf('admin'),
} as const satisfies Record<string, Caller>;
type CallerName = keyof typeof callers;

const all = Object.keys(callers).filter(isCallerName);
const models = all.filter((name) => !name.startsWith('management'));
const members = all.filter((name) => name.includes('management') || name.includes('both') || name.includes('session'));
const persons: CallerName[] = ['session of a user', 'session of an administrator'];
const admins: CallerName[] = ['management key of an administrator', 'session of an administrator'];

/** What the table must mean: who may, by name. */
const expected: Readonly<Record<Action, readonly CallerName[]>> = {
  'inference.call': models,
  'models.list': models,
  'deployment.read': members,
  'deployment.read-environment': admins,
  'deployment.create': admins,
  'deployment.edit': admins,
  'deployment.delete': admins,
  'deployment.probe': admins,
  'route.read': members,
  'route.create': admins,
  'route.edit': admins,
  'route.delete': admins,
  'instance.read': members,
  'log.read': admins,
  'catalogue.read': members,
  'hub.search': admins,
  'download.read': admins,
  'download.start': admins,
  'download.cancel': admins,
  'model-file.read': admins,
  'model-file.delete': admins,
  'engine.read': admins,
  'engine.install': admins,
  'engine.remove': admins,
  'device.read': admins,
  'device.cordon': admins,
  'me.read': members,
  'me.edit': persons,
  'session.read-own': members,
  'session.delete-own': members,
  'session.read-any': admins,
  'session.delete-any': admins,
  'key.read-own': members,
  'key.create-own': members,
  'key.edit-own': members,
  'key.delete-own': members,
  'key.read-any': admins,
  'key.edit-any': admins,
  'key.delete-any': admins,
  'user.read': admins,
  'user.create': admins,
  'user.edit': admins,
  'user.delete': admins,
  'settings.read': admins,
  'settings.edit': admins,
  'capture.read-own': members,
  'capture.read-any': admins,
  'usage.read-own': members,
  'usage.read-any': admins,
  'client.read': admins,
  'audit.read': admins,
  'metrics.read': admins,
  'status.read': members,
  'openapi.read': all,
};

const actions = Object.keys(permissions).filter((name): name is Action => name in permissions);

describe('every action × every caller', () => {
  for (const action of actions)
    it(action, () => {
      const allowed = all.filter((name) => isAllowed(action, callers[name]));
      expect(allowed).toEqual(all.filter((name) => expected[action].includes(name)));
    });
});

describe('what belongs to others', () => {
  const owned = actions.filter((action) => permissions[action] === 'own' || permissions[action] === 'person');
  for (const action of owned)
    it(`${action}: theirs alone, in every role`, () => {
      for (const name of all) {
        expect(isAllowed(action, callers[name], me)).toBe(isAllowed(action, callers[name]));
        expect(isAllowed(action, callers[name], other)).toBe(false);
      }
    });

  it('is open to administrators by the actions for any owner', () => {
    expect(isAllowed('key.edit-any', callers['session of an administrator'], other)).toBe(true);
    expect(isAllowed('key.edit-any', callers['session of a user'], me)).toBe(false);
  });
});

describe('models', () => {
  const model = { name: 'qwen', aliases: ['gpt-4o'] };
  const limited = (allowedModels: string[], scopes: KeyScope[] = ['inference']): Caller => {
    const caller = keyOf('user', scopes);
    return { ...caller, key: { ...caller.key, allowedModels } };
  };

  it('are open to whoever may call, unless a key names others', () => {
    expect(mayUseModel(callers.local, model)).toBe(true);
    expect(mayUseModel(callers['inference key of a user'], model)).toBe(true);
    expect(mayUseModel(limited(['qwen']), model)).toBe(true);
    expect(mayUseModel(limited(['gpt-4o']), model)).toBe(true);
    expect(mayUseModel(limited(['Qwen', 'other']), model)).toBe(false);
  });

  it('are closed to keys that only manage', () => {
    expect(mayUseModel(callers['management key of an administrator'], model)).toBe(false);
    expect(mayUseModel(limited(['qwen'], ['management']), model)).toBe(false);
  });
});

it('finds the person behind keys and sessions only', () => {
  expect(all.filter((name) => personOf(callers[name]) !== undefined)).toEqual(all.slice(2));
});

function keyOf(role: Role, scopes: KeyScope[]): { kind: 'key'; key: ApiKey; owner: User } {
  const key = { id: idOf<ApiKeyId>('key_1'), ownerId: me, hint: 'abcd', createdAt: 0, revision: 1 };
  return { kind: 'key', key: { ...key, name: 'k', scopes, limits: {} }, owner: userOf(role) };
}

function sessionOf(role: Role): Caller {
  const times = { createdAt: 0, expiresAt: 0, lastSeenAt: 0 };
  return {
    kind: 'session',
    session: { id: idOf<SessionId>('ses_1'), userId: me, ...times, userAgent: '' },
    user: userOf(role),
  };
}

function userOf(role: Role): User {
  return { id: me, name: 'ann', role, origin: 'local', isDisabled: false, createdAt: 0, revision: 1 };
}

function idOf<T extends string>(text: string): T {
  return text as T;
}

function isCallerName(name: string): name is CallerName {
  return name in callers;
}
