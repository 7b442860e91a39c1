/** A route for one method whose other methods say 405, not 404: the path exists. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../base/errors.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Answers, at once or later. */
export type Handler = (request: FastifyRequest, reply: FastifyReply) => void | Promise<void>;

/** Registers `handler` (for GET: HEAD too) and the refusal of every other method. */
export function only(app: FastifyInstance, method: 'GET' | 'POST', url: string, handler: Handler): void {
  app.route({ method, url, handler });
  refuseOthers(app, url, [method]);
}

/** What a path's pattern and method say of a route. */
interface Registered {
  readonly method: string;
  /** Parameters as `:name`. */
  readonly path: string;
}

/**
 * Refuses whatever has no handler below a prefix: the wrong method of a path that is there, and what is not there. One
 * route for all of it: a router is built at every start, and refusals would be most of it.
 */
export function refuseTheRest(app: FastifyInstance, prefix: string, routes: readonly Registered[]): void {
  const patterns = routes.map(({ method, path }) => ({ method, pattern: toPattern(prefix + path) }));
  app.route({
    method: [...methods],
    url: `${prefix}/*`,
    handler: (request, reply) => {
      const path = (request.url.split('?', 1)[0] ?? '').replace(/\/+$/, '');
      const handled = patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
      if (handled.length === 0)
        throw new RequestError('not_found', `There is nothing at '${request.method} ${path.slice(0, 200)}'.`);
      throw wrongMethod(request, reply, handled);
    },
  });
}

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`, 'i');
}

/** Refuses every method but those that have a handler already. */
function refuseOthers(app: FastifyInstance, url: string, handled: readonly string[]): void {
  const allowed = allowedWith(handled);
  app.route({
    method: methods.filter((other) => !allowed.includes(other)),
    url,
    handler: (request, reply) => {
      throw wrongMethod(request, reply, handled);
    },
  });
}

function wrongMethod(request: FastifyRequest, reply: FastifyReply, handled: readonly string[]): RequestError {
  reply.header('allow', allowedWith(handled).join(', '));
  return new RequestError(
    'method_not_allowed',
    `'${request.method}' is not possible here; use ${handled.join(' or ')}.`,
  );
}

/** Where GET is handled, HEAD is too. */
function allowedWith(handled: readonly string[]): string[] {
  return handled.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}
