/** What Prometheus reads of how answers went: warnings, mended and failed tool calls, clients that left. */

import type { FastifyInstance } from 'fastify';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { ChatEvent } from '../chat/event.ts';
import type { Observe } from './inference-route.ts';

/** The numbers. */
export interface AnswerMetrics {
  /** Counts requests whose client left before the answer was out; before routes are registered. */
  countAbandoned(app: FastifyInstance): void;
  readonly observe: Observe;
}

/** What they are made of. */
export interface AnswerMetricsParts {
  /** Milliseconds from some origin. */
  readonly nowMs: () => number;
  /** Where they stand among the others. */
  readonly register: Registry;
  /** The label of the deployment that a request names. */
  readonly labelOf: (model: string) => string;
}

const argumentSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];
const queueSeconds = [0.001, 0.01, 0.1, 0.5, 1, 5, 15, 60, 300];

/** Makes them, all at zero. Names of tools and keys are no labels: clients could make up any number of them. */
export function createAnswerMetrics({ register, labelOf, nowMs }: AnswerMetricsParts): AnswerMetrics {
  const counters = createCounters(register);
  return {
    countAbandoned: (app) =>
      app.addHook('onRequest', async ({ method, routeOptions }, { raw }) => {
        const route = routeOptions.url ?? 'none';
        raw.once('close', () => {
          if (!raw.writableFinished) counters.abandoned.inc({ method, route });
        });
      }),
    observe(request, events) {
      const watch = new Watch({ model: labelOf(request.model), counters, nowMs });
      for (const { code } of request.warnings) watch.warning(code);
      return watched(events, watch);
    },
  };
}

type Counters = ReturnType<typeof createCounters>;

function createCounters(register: Registry) {
  const registers = [register];
  return {
    abandoned: new Counter({
      name: 'aimindserve_http_requests_abandoned_total',
      help: 'Requests whose client left before the answer was out, by route; not among aimindserve_http_requests_total.',
      labelNames: ['method', 'route'],
      registers,
    }),
    warnings: new Counter({
      name: 'aimindserve_warnings_total',
      help: 'Warnings that answers carried, by code: ignored fields, calls left out, relaxed schemas.',
      labelNames: ['model', 'code'],
      registers,
    }),
    failures: new Counter({
      name: 'aimindserve_tool_call_failures_total',
      help: 'Tool calls that reached the client and failed: cut by the token limit, or broken (not valid).',
      labelNames: ['model', 'reason'],
      registers,
    }),
    repairs: new Counter({
      name: 'aimindserve_tool_call_repairs_total',
      help: 'Repairs of tool calls, by the rule applied; one call may take several.',
      labelNames: ['model', 'rule'],
      registers,
    }),
    unenforced: new Counter({
      name: 'aimindserve_tool_calls_unenforced_total',
      help: 'Tool calls whose schema was not wholly enforced while they were written, only checked afterwards.',
      labelNames: ['model'],
      registers,
    }),
    queueTimes: new Histogram({
      name: 'aimindserve_queue_seconds',
      help: 'From the question to the place in an engine, of answers that came to their end.',
      labelNames: ['model'],
      buckets: queueSeconds,
      registers,
    }),
    argumentTimes: new Histogram({
      name: 'aimindserve_tool_call_arguments_seconds',
      help: 'From the beginning of a tool call to its end.',
      labelNames: ['model'],
      buckets: argumentSeconds,
      registers,
    }),
  };
}

interface WatchParts {
  readonly model: string;
  readonly counters: Counters;
  readonly nowMs: () => number;
}

/** Looks at one answer's events. */
class Watch {
  readonly #model: string;
  readonly #counters: Counters;
  readonly #nowMs: () => number;
  /** When calls began that have not ended. */
  readonly #begun = new Map<string, number>();

  constructor({ model, counters, nowMs }: WatchParts) {
    this.#model = model;
    this.#counters = counters;
    this.#nowMs = nowMs;
  }

  warning(code: string): void {
    this.#counters.warnings.inc({ model: this.#model, code });
  }

  see(event: ChatEvent): void {
    if (event.type === 'warning') this.warning(event.warning.code);
    if (event.type === 'call-start') this.#begun.set(`${event.choice} ${event.index}`, this.#nowMs());
    if (event.type === 'call-end') this.#ended(event);
    if (event.type === 'report')
      this.#counters.queueTimes.observe({ model: this.#model }, event.report.queueMs / 1_000);
  }

  #ended({ choice, index, outcome, kept }: Extract<ChatEvent, { type: 'call-end' }>): void {
    const model = this.#model;
    const { failures, repairs, unenforced, argumentTimes } = this.#counters;
    const begunMs = this.#begun.get(`${choice} ${index}`);
    if (begunMs !== undefined) argumentTimes.observe({ model }, (this.#nowMs() - begunMs) / 1_000);
    this.#begun.delete(`${choice} ${index}`);
    if (outcome !== 'ok') failures.inc({ model, reason: outcome });
    if (kept?.enforced === false) unenforced.inc({ model });
    // `number-from-text at a.b`: the path is the client's, the rule is ours.
    for (const mended of kept?.mended ?? []) repairs.inc({ model, rule: mended.split(' ', 1)[0] ?? '' });
  }
}

async function* watched(events: AsyncIterable<ChatEvent>, watch: Watch): AsyncGenerator<ChatEvent> {
  for await (const event of events) {
    watch.see(event);
    yield event;
  }
}
