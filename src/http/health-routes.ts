/** `/healthz` (this process lives) and `/readyz` (a model can answer): for supervisors, so without keys. */

import type { FastifyInstance } from 'fastify';
import type { InFlight } from './in-flight.ts';
import type { ModelsView } from './model-routes.ts';
import { only } from './only.ts';

/** These paths are open to all: they tell nothing that is worth a key. */
export const openPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Registers both routes. */
export function healthRoutes(app: FastifyInstance, models: ModelsView, inFlight: InFlight): void {
  only(app, 'GET', '/healthz', (_request, reply) => {
    reply.send({ status: 'ok' });
  });
  only(app, 'GET', '/readyz', (_request, reply) => {
    const isReady = !inFlight.isDraining && models().some((model) => model.state === 'ready');
    const status = inFlight.isDraining ? 'draining' : isReady ? 'ready' : 'starting';
    reply.code(isReady ? 200 : 503).send({ status });
  });
}
