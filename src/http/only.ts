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

/** Refuses every method but those that have a handler already. */
export function refuseOthers(app: FastifyInstance, url: string, handled: readonly string[]): void {
  const allowed = handled.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  app.route({
    method: methods.filter((other) => !allowed.includes(other)),
    url,
    handler: (request, reply) => {
      reply.header('allow', allowed.join(', '));
      const usable = handled.join(' or ');
      throw new RequestError('method_not_allowed', `'${request.method}' is not possible here; use ${usable}.`);
    },
  });
}
