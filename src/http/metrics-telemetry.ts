/**
 * Spans and metrics by OpenTelemetry's conventions for generative AI, where somebody starts the server with an SDK of it;
 * nothing at all otherwise, and no package of it is needed here. Neither holds anything of what was said.
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/
 */

import type { MeterWorld } from '../answering/usage-meter.ts';
import type { AnswerSummary } from '../answering/usage-watch.ts';
import { isObject } from '../base/json.ts';

/** Tells an answer to whoever listens. */
type Tell = NonNullable<MeterWorld['tell']>;
type Attributes = Readonly<Record<string, string | number | readonly string[]>>;

interface Span {
  setStatus(status: { readonly code: number }): unknown;
  end(endTimeMs: number): void;
}

interface Tracer {
  startSpan(
    name: string,
    options: { readonly kind: number; readonly startTime: number; readonly attributes: Attributes },
  ): Span;
}

interface TimeHistogram {
  record(value: number, attributes: Attributes): void;
}

interface HistogramOptions {
  readonly unit: string;
  readonly description: string;
  readonly advice: { readonly explicitBucketBoundaries: readonly number[] };
}

interface TracerProvider {
  getTracer(name: string): Tracer;
}

interface MeterProvider {
  getMeter(name: string): { createHistogram(name: string, options: HistogramOptions): TimeHistogram };
}

/** Where an SDK puts what it registers for the whole process, whichever version of the package it came with. */
const registry = Symbol.for('opentelemetry.js.api.1');

const ourName = 'aimindserve';
/** `SpanKind.SERVER` and `SpanStatusCode.ERROR` of the package. */
const [serverKind, errorStatus] = [1, 2];
const doubled = (first: number, count: number) => Array.from({ length: count }, (_, index) => first * 2 ** index);
const seconds = { unit: 's', advice: { explicitBucketBoundaries: doubled(0.01, 14) } };
const tokens = {
  unit: '{token}',
  advice: { explicitBucketBoundaries: Array.from({ length: 14 }, (_, at) => 4 ** at) },
};

/** Looks for what an SDK has registered before us; undefined = there is none. */
export function openTelemetry(
  unixMs: () => number,
  registered: unknown = Reflect.get(globalThis, registry),
): Tell | undefined {
  if (!isObject(registered)) return undefined;
  const { trace, metrics } = registered;
  const tracer = isTracerProvider(trace) ? trace.getTracer(ourName) : undefined;
  const histograms = isMeterProvider(metrics) ? createHistograms(metrics) : undefined;
  if (tracer === undefined && histograms === undefined) return undefined;
  return (request, summary) => {
    const about = aboutOf(request, summary);
    if (histograms !== undefined) record(histograms, summary, about);
    if (tracer !== undefined) span(tracer, summary, { about, endMs: unixMs() });
  };
}

function isTracerProvider(value: unknown): value is TracerProvider {
  return hasMethod(value, 'getTracer');
}

function isMeterProvider(value: unknown): value is MeterProvider {
  return hasMethod(value, 'getMeter');
}

/** They are instances of classes. */
function hasMethod(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function';
}

type Request = Parameters<Tell>[0];

function aboutOf(request: Request, { deployment }: AnswerSummary): Attributes {
  return {
    'gen_ai.operation.name': request.raw === undefined ? 'chat' : 'text_completion',
    'gen_ai.provider.name': ourName,
    'gen_ai.request.model': request.model,
    ...(deployment !== undefined && { 'gen_ai.response.model': deployment }),
  };
}

/** Why it failed, by our own codes. */
function failureOf({ outcome, failure }: AnswerSummary): Attributes {
  return failure !== undefined || outcome === 'abandoned' ? { 'error.type': outcome } : {};
}

function record(histograms: ReturnType<typeof createHistograms>, summary: AnswerSummary, about: Attributes): void {
  const { usage, totalMs, firstTokenMs } = summary;
  const ended = { ...about, ...failureOf(summary) };
  histograms.requestTimes.record(totalMs / 1_000, ended);
  histograms.operationTimes.record(totalMs / 1_000, ended);
  if (firstTokenMs !== undefined) histograms.firstTokenTimes.record(firstTokenMs / 1_000, about);
  histograms.tokens.record(usage.promptTokens, { ...about, 'gen_ai.token.type': 'input' });
  histograms.tokens.record(usage.completionTokens, { ...about, 'gen_ai.token.type': 'output' });
}

interface SpanFacts {
  readonly about: Attributes;
  readonly endMs: number;
}

function span(tracer: Tracer, summary: AnswerSummary, { about, endMs }: SpanFacts): void {
  const { outcome, failure, usage, totalMs } = summary;
  const failed = failureOf(summary);
  const attributes = {
    ...about,
    ...failed,
    ...(Object.keys(failed).length === 0 && { 'gen_ai.response.finish_reasons': [outcome] }),
    'gen_ai.usage.input_tokens': usage.promptTokens,
    'gen_ai.usage.output_tokens': usage.completionTokens,
    'gen_ai.usage.cache_read.input_tokens': usage.cachedTokens,
  };
  const name = `${about['gen_ai.operation.name']} ${about['gen_ai.request.model']}`;
  const made = tracer.startSpan(name, { kind: serverKind, startTime: endMs - totalMs, attributes });
  if (failure !== undefined) made.setStatus({ code: errorStatus });
  made.end(endMs);
}

function createHistograms(metrics: MeterProvider) {
  const meter = metrics.getMeter(ourName);
  return {
    requestTimes: meter.createHistogram('gen_ai.server.request.duration', {
      ...seconds,
      description: 'From the request to the end of its answer.',
    }),
    firstTokenTimes: meter.createHistogram('gen_ai.server.time_to_first_token', {
      ...seconds,
      description: 'From the request to the first event of the answer that the model made.',
    }),
    // The same as the first, for boards that know the clients' names only.
    operationTimes: meter.createHistogram('gen_ai.client.operation.duration', {
      ...seconds,
      description: 'GenAI operation duration.',
    }),
    tokens: meter.createHistogram('gen_ai.client.token.usage', {
      ...tokens,
      description: 'Number of input and output tokens used.',
    }),
  };
}
