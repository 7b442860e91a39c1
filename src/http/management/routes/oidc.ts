/** `/oidc`: signing in at the company's provider. */

import { RequestError } from '../../../base/errors.ts';
import type { ProviderSignIn } from '../../accounts/accounts.ts';
import { type Call, defineRoute, type Route } from '../route.ts';
import { noteSignIn } from '../signed-in.ts';

const start = defineRoute({
  method: 'GET',
  path: '/oidc/start',
  action: 'open',
  summary: 'Sends the browser to the provider.',
  status: 303,
  handler: async (_input, call) => {
    const { location, cookie } = await providerOf(call).start(call.visitor);
    return { kind: 'redirect', location, headers: { 'set-cookie': cookie } };
  },
});

/** Browsers hold a strict cookie back while a redirect leads here from another site; a page of ours begins anew. */
const homePage = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/"><title>aiMindServe</title>
<p>Signed in. <a href="/">Go on</a></p>`;

const callback = defineRoute({
  method: 'GET',
  path: '/oidc/callback',
  action: 'open',
  summary: 'Takes the browser back from the provider, and signs in.',
  takesAnyQuery: true,
  replyType: 'text/html',
  audit: 'session.create',
  handler: async (_input, call) => {
    const signedIn = await providerOf(call).finish(call.queryText, call.visitor);
    noteSignIn(signedIn, call);
    return {
      kind: 'text',
      type: 'text/html; charset=utf-8',
      text: homePage,
      headers: { 'set-cookie': signedIn.cookie },
    };
  },
});

/** All of them. */
export const oidcRoutes: readonly Route[] = [start, callback];

function providerOf({ world }: Call): ProviderSignIn {
  if (world.accounts.provider === undefined)
    throw new RequestError('not_found', 'No provider is set up; start the server with --oidc-issuer.');
  return world.accounts.provider;
}
