/** `/users`: who may sign in. */

import { Type } from 'typebox';
import { type User, userEditSchema, userWishSchema } from '../../../fleet/user.ts';
import { listApiKeys } from '../../../store/api-keys.ts';
import { findUser, listUsers } from '../../../store/users.ts';
import { changedFields } from '../audit.ts';
import { idParams, isUserId, missing } from '../find.ts';
import { listQuery, pageSchema, sendPaged, toPage, watchQuery } from '../list.ts';
import { encodeUser, userSchema } from '../people.ts';
import { done, json, type Result } from '../result.ts';
import { type Call, defineRoute, type Route } from '../route.ts';
import type { Subscription } from '../watch.ts';

/** A snapshot holds so many at most; beyond that a list is read in pages. */
const maxWatched = 10_000;

const list = defineRoute({
  method: 'GET',
  path: '/users',
  action: 'user.read',
  summary: 'Lists users, or watches them.',
  query: { ...listQuery(['name', 'fullName', 'role', 'createdAt', 'lastSignInAt']), ...watchQuery },
  reply: pageSchema(userSchema),
  handler: async ({ query }, call) =>
    query.watch
      ? { kind: 'watch', subscription: watchUsers(call) }
      : sendPaged(query, await listUsers(call.world.db, toPage(query)), encodeUser),
});

function watchUsers({ world }: Call): Subscription {
  return {
    feed: world.feeds.users,
    action: 'user.read',
    snapshot: async () => {
      const { items } = await listUsers(world.db, { page: 1, perPage: maxWatched });
      return items.map(encodeUser);
    },
    item: async (id) => {
      const user = isUserId(id) ? await findUser(world.db, id) : undefined;
      return user && encodeUser(user);
    },
  };
}

const read = defineRoute({
  method: 'GET',
  path: '/users/:id',
  action: 'user.read',
  summary: 'Shows a user.',
  params: idParams,
  reply: userSchema,
  handler: async ({ params }, call) => show(await userOf(call, params.id)),
});

const create = defineRoute({
  method: 'POST',
  path: '/users',
  action: 'user.create',
  summary: "Makes a user; without a password they sign in by the company's provider only.",
  body: userWishSchema,
  reply: userSchema,
  status: 201,
  audit: 'user.create',
  handler: async ({ body }, { world, note }) => {
    const user = await world.accounts.createUser(body);
    world.feeds.users.publish({ type: 'created', id: user.id });
    note({ targetId: user.id, targetName: user.name, detail: `role ${user.role}` });
    return show(user);
  },
});

const edit = defineRoute({
  method: 'PATCH',
  path: '/users/:id',
  action: 'user.edit',
  summary: 'Changes what is given of a user; who is disabled is signed out everywhere, and their keys are refused.',
  params: idParams,
  body: userEditSchema,
  reply: userSchema,
  audit: 'user.edit',
  handler: async ({ params, body }, call) => {
    const { world, note, expectedRevision } = call;
    const before = await userOf(call, params.id);
    const user = await world.accounts.editUser(before.id, body, expectedRevision);
    world.feeds.users.publish({ type: 'updated', id: user.id });
    note({
      targetId: user.id,
      targetName: user.name,
      detail: changedFields(before, { ...user, revision: before.revision }),
    });
    return show(user);
  },
});

const remove = defineRoute({
  method: 'DELETE',
  path: '/users/:id',
  action: 'user.delete',
  summary: 'Removes a user with their sessions and keys.',
  params: idParams,
  audit: 'user.delete',
  handler: async ({ params }, call) => {
    const { world, note } = call;
    const user = await userOf(call, params.id);
    const { items: keys } = await listApiKeys(world.db, { page: 1, perPage: maxWatched }, user.id);
    await world.accounts.deleteUser(user.id);
    for (const key of keys) world.feeds.keys.publish({ type: 'deleted', id: key.id, owner: user.id });
    world.feeds.users.publish({ type: 'deleted', id: user.id });
    note({ targetId: user.id, targetName: user.name, detail: `with ${keys.length} keys` });
    return done;
  },
});

const password = defineRoute({
  method: 'PUT',
  path: '/users/:id/password',
  action: 'user.edit',
  summary: 'Sets a new password for a user, and ends their sessions.',
  params: idParams,
  body: Type.Object({ password: Type.String({ minLength: 1, maxLength: 1_024 }) }, { additionalProperties: false }),
  audit: 'user.set-password',
  handler: async ({ params, body }, call) => {
    const user = await userOf(call, params.id);
    await call.world.accounts.resetPassword(user.id, body.password);
    call.note({ targetId: user.id, targetName: user.name });
    return done;
  },
});

const endSessions = defineRoute({
  method: 'DELETE',
  path: '/users/:id/sessions',
  action: 'session.delete-any',
  summary: 'Signs a user out everywhere.',
  params: idParams,
  audit: 'session.delete',
  handler: async ({ params }, call) => {
    const user = await userOf(call, params.id);
    await call.world.accounts.endSessionsOf(user.id);
    call.note({ targetId: user.id, targetName: user.name, detail: 'all sessions' });
    return done;
  },
});

/** All of them. */
export const userRoutes: readonly Route[] = [list, read, create, edit, remove, password, endSessions];

async function userOf({ world }: Call, id: string): Promise<User> {
  const user = isUserId(id) ? await findUser(world.db, id) : undefined;
  return user ?? missing('user', id);
}

function show(user: User): Result {
  return json(encodeUser(user), user.revision);
}
