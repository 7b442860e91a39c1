/** `/api/openapi.json` and `/api/docs`: what the management API can do, for programs and for people. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AuthError, isAppError } from '../../base/errors.ts';
import type { Caller } from '../../fleet/caller.ts';
import { isAllowed } from '../../fleet/permissions.ts';
import type { Authenticate } from '../accounts/authenticate.ts';
import { only } from '../only.ts';
import { docsPage } from './docs-page.ts';
import { openapiOf } from './openapi.ts';
import type { Route } from './route.ts';

/** What they are made of, and who may read them. */
export interface DocumentParts {
  readonly routes: readonly Route[];
  readonly version: string;
  readonly authenticate: Authenticate;
}

/** The page has styles of its own and nothing else. */
const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Registers both; whoever is let in at all may read them. */
export function registerDocuments(app: FastifyInstance, { routes, version, authenticate }: DocumentParts): void {
  // Made when somebody asks: every start would pay for it otherwise.
  let text: string | undefined;
  let page: string | undefined;
  const admit = async (request: FastifyRequest): Promise<void> => {
    const caller = await readerOf(request, authenticate);
    if (!isAllowed('openapi.read', caller)) throw new AuthError('forbidden', 'This is not for the caller to read.');
  };
  only(app, 'GET', '/api/openapi.json', async (request, reply) => {
    await admit(request);
    text ??= JSON.stringify(openapiOf(routes, version), undefined, 1);
    reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache').send(text);
  });
  only(app, 'GET', '/api/docs', async (request, reply) => {
    await admit(request);
    page ??= docsPage(routes, version);
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', pagePolicy)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', 'no-cache')
      .send(page);
  });
}

/** A browser that is signed in, or else whoever may call models. */
async function readerOf({ headers, method }: FastifyRequest, authenticate: Authenticate): Promise<Caller> {
  try {
    return await authenticate({ headers, method, realm: 'management' });
  } catch (thrown) {
    if (!isAppError(thrown) || thrown.code !== 'unauthenticated') throw thrown;
    return await authenticate({ headers, method, realm: 'inference' });
  }
}
