/** `/setup`: the first administrator, made by a one-time link. */

import { Type } from 'typebox';
import { adminLinkUseSchema } from '../../../fleet/user.ts';
import { json } from '../result.ts';
import { defineRoute, type Route } from '../route.ts';
import { sendSignedIn, signedInSchema } from '../signed-in.ts';

const read = defineRoute({
  method: 'GET',
  path: '/setup',
  action: 'open',
  summary: 'Says whether there is an administrator yet, and how one can sign in.',
  reply: Type.Object(
    { needsSetup: Type.Boolean(), provider: Type.Optional(Type.Object({ label: Type.String() })) },
    { title: 'Setup' },
  ),
  handler: async (_input, { world }) => {
    const { provider } = world.accounts;
    const needsSetup = await world.accounts.needsSetup();
    return json({ needsSetup, ...(provider && { provider: { label: provider.label } }) });
  },
});

const create = defineRoute({
  method: 'POST',
  path: '/setup',
  action: 'open',
  summary: "Makes the first administrator by the one-time link's token, or sets a forgotten password by one.",
  body: adminLinkUseSchema,
  reply: signedInSchema,
  status: 201,
  audit: 'setup',
  handler: async ({ body }, call) => sendSignedIn(await call.world.accounts.useAdminLink(body, call.visitor), call),
});

/** All of them. */
export const setupRoutes: readonly Route[] = [read, create];
