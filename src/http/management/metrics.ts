/** What Prometheus reads at `/metrics`: requests, answers, tokens, tool calls, and how the fleet stands. */

import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { AuthError } from '../../base/errors.ts';
import type { ChatEvent } from '../../chat/event.ts';
import { isAllowed } from '../../fleet/permissions.ts';
import type { FleetControl } from '../../operating/fleet-control.ts';
import type { Authenticate } from '../accounts/authenticate.ts';
import { only } from '../only.ts';

/** The numbers of this server. */
export interface Metrics {
  /** Counts every request that `app` answers; before its routes are registered. */
  countRequests(app: FastifyInstance): void;
  /** Passes an answer's events on, and counts what they say; `model` as the request named it. */
  measure(model: string, events: AsyncIterable<ChatEvent>): AsyncGenerator<ChatEvent>;
  /** Everything, in Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
  /** For numbers that others add. */
  readonly register: Registry;
  /** The label of the deployment that a request names. */
  readonly labelOf: (model: string) => string;
}

/** What the numbers are about. */
export interface MetricsParts {
  readonly version: string;
  /** Asked when the numbers are read. */
  readonly fleet: Pick<FleetControl, 'deployments' | 'downloads'>;
  /** The name of the deployment that answers to this name; asked at every request. */
  readonly deploymentOf: (model: string) => string | undefined;
  /** Milliseconds from some origin. */
  readonly nowMs: () => number;
}

/** Every model ever served is a series; beyond so many they share one. */
const maxModels = 200;
const quickSeconds = [0.005, 0.02, 0.1, 0.5, 1, 5, 30, 120, 600];
const tokenSeconds = [0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];

/** Makes them, all at zero. */
export function createMetrics(parts: MetricsParts): Metrics {
  const register = new Registry();
  collectDefaultMetrics({ register });
  addFleet(register, parts);
  const labelOf = createModelLabel(parts.deploymentOf);
  const answers = createAnswerMetrics(register);
  return {
    countRequests: createRequestCount(register),
    measure: (model, events) => measured(events, { model: labelOf(model), answers, nowMs: parts.nowMs }),
    text: () => register.metrics(),
    contentType: register.contentType,
    register,
    labelOf,
  };
}

/** Registers `/metrics`, for those whom the table of permissions allows it. */
export function registerMetrics(app: FastifyInstance, metrics: Metrics, authenticate: Authenticate): void {
  only(app, 'GET', '/metrics', async ({ headers, method }, reply) => {
    const caller = await authenticate({ headers, method, realm: 'management' });
    if (!isAllowed('metrics.read', caller))
      throw new AuthError('forbidden', 'This needs rights that the caller does not have (metrics.read).');
    reply
      .type(metrics.contentType)
      .header('cache-control', 'no-store')
      .send(await metrics.text());
  });
}

function createRequestCount(register: Registry): Metrics['countRequests'] {
  const requests = new Counter({
    name: 'aimindserve_http_requests_total',
    help: 'Requests answered, by route and status.',
    labelNames: ['method', 'route', 'status'],
    registers: [register],
  });
  const durations = new Histogram({
    name: 'aimindserve_http_request_duration_seconds',
    help: 'From the request to the end of its answer.',
    labelNames: ['method', 'route'],
    buckets: quickSeconds,
    registers: [register],
  });
  return (app) =>
    app.addHook('onResponse', async (request, reply) => {
      // The route's pattern, not the path: paths are the clients' to choose.
      const route = request.routeOptions.url ?? 'none';
      const { method } = request;
      requests.inc({ method, route, status: reply.raw.statusCode });
      durations.observe({ method, route }, reply.elapsedTime / 1_000);
    });
}

type AnswerMetrics = ReturnType<typeof createAnswerMetrics>;

function createAnswerMetrics(register: Registry) {
  const registers = [register];
  return {
    answers: new Counter({
      name: 'aimindserve_answers_total',
      help: 'Answers by how they ended: a finish reason, an error code, or abandoned by the client.',
      labelNames: ['model', 'outcome'],
      registers,
    }),
    tokens: new Counter({
      name: 'aimindserve_tokens_total',
      help: 'Tokens read (prompt; cached of them) and written (completion).',
      labelNames: ['model', 'kind'],
      registers,
    }),
    calls: new Counter({
      name: 'aimindserve_tool_calls_total',
      help: 'Tool calls: valid as the model wrote them, mended, or failed.',
      labelNames: ['model', 'outcome'],
      registers,
    }),
    firstToken: new Histogram({
      name: 'aimindserve_time_to_first_token_seconds',
      help: 'From the question to the first event of the answer that a model made.',
      labelNames: ['model'],
      buckets: tokenSeconds,
      registers,
    }),
    durations: new Histogram({
      name: 'aimindserve_answer_duration_seconds',
      help: 'From the question to the end of the answer.',
      labelNames: ['model'],
      buckets: quickSeconds,
      registers,
    }),
    underWay: new Gauge({
      name: 'aimindserve_answers_under_way',
      help: 'Answers being made now, the waiting ones included.',
      labelNames: ['model'],
      registers,
    }),
  };
}

interface Measuring {
  readonly model: string;
  readonly answers: AnswerMetrics;
  readonly nowMs: () => number;
}

async function* measured(events: AsyncIterable<ChatEvent>, measuring: Measuring): AsyncGenerator<ChatEvent> {
  const { model, answers, nowMs } = measuring;
  const startMs = nowMs();
  let outcome = 'abandoned';
  let isFirst = true;
  answers.underWay.inc({ model });
  try {
    for await (const event of events) {
      if (isFirst && isModelEvent(event)) {
        isFirst = false;
        answers.firstToken.observe({ model }, (nowMs() - startMs) / 1_000);
      }
      if (event.type === 'finish') outcome = event.reason;
      else if (event.type === 'error') outcome = event.error.code;
      else count(event, measuring);
      yield event;
    }
  } catch (thrown) {
    outcome = 'internal_error';
    throw thrown;
  } finally {
    answers.underWay.dec({ model });
    answers.answers.inc({ model, outcome });
    answers.durations.observe({ model }, (nowMs() - startMs) / 1_000);
  }
}

function isModelEvent({ type }: ChatEvent): boolean {
  return type === 'reasoning-delta' || type === 'text-delta' || type === 'call-start' || type === 'finish';
}

function count(event: ChatEvent, { model, answers }: Measuring): void {
  if (event.type === 'call-end') {
    const isMended = event.kept !== undefined && event.kept.mended.length > 0;
    const outcome = event.outcome !== 'ok' ? 'failed' : isMended ? 'mended' : 'valid';
    answers.calls.inc({ model, outcome });
  }
  if (event.type === 'usage') {
    const { promptTokens, completionTokens, cachedTokens } = event.usage;
    answers.tokens.inc({ model, kind: 'prompt' }, promptTokens);
    answers.tokens.inc({ model, kind: 'completion' }, completionTokens);
    answers.tokens.inc({ model, kind: 'cached' }, cachedTokens);
  }
}

/** Names that nobody serves are one label: clients may make up as many as they like. */
function createModelLabel(deploymentOf: MetricsParts['deploymentOf']): Metrics['labelOf'] {
  const known = new Set<string>();
  return (model) => {
    const label = deploymentOf(model);
    if (label === undefined) return 'none';
    if (known.size < maxModels) known.add(label);
    return known.has(label) ? label : 'other';
  };
}

const buildHelp = 'Always 1; the version is in the label.';

/** These are looked up when they are read. */
function addFleet(register: Registry, { version, fleet }: MetricsParts): void {
  const registers = [register];
  new Gauge({ name: 'aimindserve_build_info', help: buildHelp, labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  const tallies = [
    ['aimindserve_deployments', 'Deployments by state.', () => fleet.deployments().map(({ state }) => state)],
    [
      'aimindserve_instances',
      'Instances by state.',
      () => fleet.deployments().flatMap(({ instances }) => instances.map(({ state }) => state)),
    ],
    ['aimindserve_downloads', 'Downloads by state.', () => fleet.downloads().map(({ state }) => state)],
  ] as const;
  for (const [name, help, states] of tallies)
    new Gauge({
      name,
      help,
      labelNames: ['state'],
      registers,
      collect() {
        this.reset();
        for (const state of states()) this.inc({ state });
      },
    });
}
