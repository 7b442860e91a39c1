/** `/session` and `/me`: signing in and out, who one is, and one's password. */

import { Type } from 'typebox';
import { AuthError, RequestError } from '../../../base/errors.ts';
import { type Action, isAllowed, permissions, personOf } from '../../../fleet/permissions.ts';
import { credentialsSchema, passwordChangeSchema } from '../../../fleet/user.ts';
import { encodeUser, userSchema } from '../people.ts';
import { done, json } from '../result.ts';
import { defineRoute, type Route } from '../route.ts';
import { sendSignedIn, signedInSchema } from '../signed-in.ts';

const signIn = defineRoute({
  method: 'POST',
  path: '/session',
  action: 'open',
  summary: 'Signs in with a name and a password.',
  body: credentialsSchema,
  reply: signedInSchema,
  status: 201,
  audit: 'session.create',
  handler: async ({ body }, call) => sendSignedIn(await call.world.accounts.signIn(body, call.visitor), call),
});

const signOut = defineRoute({
  method: 'DELETE',
  path: '/session',
  action: 'session.delete-own',
  summary: 'Signs out.',
  audit: 'session.delete',
  handler: async (_input, { world, caller, visitor, note }) => {
    if (caller.kind !== 'session')
      throw new RequestError('conflict', 'A key has no session to end; revoke the key instead.');
    note({ targetId: caller.user.id, targetName: caller.user.name });
    const cookie = await world.accounts.signOut(caller.session, visitor);
    return { kind: 'empty', headers: { 'set-cookie': cookie } };
  },
});

const actions = Object.keys(permissions).filter((name): name is Action => name in permissions);

const me = defineRoute({
  method: 'GET',
  path: '/me',
  action: 'me.read',
  summary: 'Says who is asking, what they may do, and the token that a session must send with changes.',
  reply: Type.Object(
    {
      user: userSchema,
      kind: Type.Enum(['session', 'key']),
      actions: Type.Array(Type.String()),
      csrfToken: Type.Optional(Type.String()),
      expiresAt: Type.Optional(Type.Integer()),
    },
    { title: 'Me' },
  ),
  handler: (_input, { world, caller }) => {
    const user = personOf(caller);
    if (user === undefined) throw new AuthError('unauthenticated', 'Nobody is signed in.');
    return json({
      user: encodeUser(user),
      kind: caller.kind,
      actions: actions.filter((action) => isAllowed(action, caller)),
      ...(caller.kind === 'session' && {
        csrfToken: world.accounts.csrfTokenOf(caller.session),
        expiresAt: caller.session.expiresAt,
      }),
    });
  },
});

const password = defineRoute({
  method: 'PUT',
  path: '/me/password',
  action: 'me.edit',
  summary: "Changes one's own password; ends one's other sessions.",
  body: passwordChangeSchema,
  audit: 'password.edit',
  handler: async ({ body }, { world, caller, note }) => {
    if (caller.kind !== 'session') throw new AuthError('forbidden', 'A password is changed by who is signed in.');
    await world.accounts.changePassword(caller.user, body, caller.session);
    note({ targetId: caller.user.id, targetName: caller.user.name });
    return done;
  },
});

/** All of them. */
export const sessionRoutes: readonly Route[] = [signIn, signOut, me, password];
