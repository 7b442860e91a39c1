/** `/` and its script: open to all, for whoever follows the one-time link has no account yet. */

import type { FastifyInstance } from 'fastify';
import { only } from '../only.ts';
import { startPage, startScript } from './page.ts';

/** Scripts of our own, requests to our own server, and nothing else. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The paths, for who lets callers in. */
export const startPaths: ReadonlySet<string> = new Set(['/', '/start.js']);

/** Registers both. */
export function startRoutes(app: FastifyInstance): void {
  const headers = {
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
  only(app, 'GET', '/', (_request, reply) => {
    reply.headers(headers).type('text/html; charset=utf-8').send(startPage);
  });
  only(app, 'GET', '/start.js', (_request, reply) => {
    reply.headers(headers).type('text/javascript; charset=utf-8').send(startScript);
  });
}
