/** `/healthz` (this process lives) and `/readyz` (it can do its work): for supervisors, so without keys. */

import type { FastifyInstance } from 'fastify';
import type { InFlight } from './in-flight.ts';
import type { ModelsView, ServedModel } from './model-routes.ts';
import { only } from './only.ts';

/** These paths are open to all: they tell nothing that is worth a key. */
export const openPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Registers both routes. */
export function healthRoutes(app: FastifyInstance, models: ModelsView, inFlight: InFlight): void {
  only(app, 'GET', '/healthz', (_request, reply) => {
    reply.send({ status: 'ok' });
  });
  only(app, 'GET', '/readyz', (_request, reply) => {
    const isReady = !inFlight.isDraining && canWork(models());
    const status = inFlight.isDraining ? 'draining' : isReady ? 'ready' : 'starting';
    reply.code(isReady ? 200 : 503).send({ status });
  });
}

/** A model answers, or nothing is wanted to run now: a server without models can be managed, an idle one wakes up. */
function canWork(models: readonly ServedModel[]): boolean {
  return (
    models.some(({ state }) => state === 'ready') ||
    models.every(({ state }) => state === 'stopping' || state === 'stopped')
  );
}
