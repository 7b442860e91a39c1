/** All numbers of one server: counted where requests pass, read at `/metrics`. */

import type { FastifyInstance } from 'fastify';
import type { Authenticate } from './accounts/authenticate.ts';
import type { HttpMetrics } from './app.ts';
import { createMetrics, type MetricsParts, registerMetrics } from './management/metrics.ts';
import { createAnswerMetrics } from './metrics-answers.ts';
import { addEngineMetrics, type EnginesView } from './metrics-engines.ts';
import { addWaitingMetrics, type WaitingView } from './metrics-waiting.ts';

/** The numbers, and the route at which they are read. */
export interface ServerMetrics extends HttpMetrics {
  addRoute(app: FastifyInstance, authenticate: Authenticate): void;
}

/** What the numbers are about. */
export interface ServerMetricsParts extends MetricsParts {
  readonly engines: EnginesView;
  readonly waiting: WaitingView;
}

/** Makes them, all at zero. */
export function createServerMetrics(parts: ServerMetricsParts): ServerMetrics {
  const metrics = createMetrics(parts);
  addEngineMetrics({ ...metrics, engines: parts.engines });
  addWaitingMetrics({ ...metrics, waiting: parts.waiting });
  const answers = createAnswerMetrics({ ...metrics, nowMs: parts.nowMs });
  return {
    countRequests(app) {
      metrics.countRequests(app);
      answers.countAbandoned(app);
    },
    observe: (request, events) => answers.observe(request, metrics.measure(request.model, events)),
    addRoute: (app, authenticate) => registerMetrics(app, metrics, authenticate),
  };
}
