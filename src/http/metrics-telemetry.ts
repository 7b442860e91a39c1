/**
 * Spans and metrics by OpenTelemetry's conventions for generative AI, where somebody has installed `@opentelemetry/api`
 * beside us and registered an SDK with it; nothing at all otherwise. Neither holds anything of what was said.
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/
 */

import type { MeterWorld } from '../answering/usage-meter.ts';
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

/** What is used of the package. */
interface TelemetryApi {
  readonly trace: { getTracer(name: string): Tracer };
  readonly metrics: {
    getMeter(name: string): { createHistogram(name: string, options: HistogramOptions): TimeHistogram };
  };
}

const ourName = 'aimindserve';
/** `SpanKind.SERVER` and `SpanStatusCode.ERROR` of the package. */
const [serverKind, errorStatus] = [1, 2];
const doubled = (first: number, count: number) => Array.from({ length: count }, (_, index) => first * 2 ** index);
const seconds = { unit: 's', advice: { explicitBucketBoundaries: doubled(0.01, 14) } };
const tokens = {
  unit: '{token}',
  advice: { explicitBucketBoundaries: Array.from({ length: 14 }, (_, at) => 4 ** at) },
};

/** Looks for the package; undefined = it is not there, or is none that we know how to use. */
export async function openTelemetry(unixMs: () => number, load = loadPackage): Promise<Tell | undefined> {
  const api = await load();
  return isApi(api) ? tellerOf(api, unixMs) : undefined;
}

/** Not a dependency of ours: the name is no literal, so that nothing tries to bundle or install it. */
async function loadPackage(): Promise<unknown> {
  const name: string = '@opentelemetry/api';
  try {
    return await import(name);
  } catch {
    return undefined;
  }
}

function isApi(value: unknown): value is TelemetryApi {
  if (!isObject(value)) return false;
  const { trace, metrics } = value;
  return hasMethod(trace, 'getTracer') && hasMethod(metrics, 'getMeter');
}

/** Its objects are instances of classes. */
function hasMethod(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function';
}

function tellerOf({ trace, metrics }: TelemetryApi, unixMs: () => number): Tell {
  const tracer = trace.getTracer(ourName);
  const histograms = createHistograms(metrics.getMeter(ourName));
  return (request, summary) => {
    const { outcome, failure, usage, deployment, totalMs, firstTokenMs } = summary;
    const operation = request.raw === undefined ? 'chat' : 'text_completion';
    const isFailed = failure !== undefined || outcome === 'abandoned';
    const about = {
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': ourName,
      'gen_ai.request.model': request.model,
      ...(deployment !== undefined && { 'gen_ai.response.model': deployment }),
    };
    const ended = { ...about, ...(isFailed && { 'error.type': outcome }) };
    histograms.requestTimes.record(totalMs / 1_000, ended);
    histograms.operationTimes.record(totalMs / 1_000, ended);
    if (firstTokenMs !== undefined) histograms.firstTokenTimes.record(firstTokenMs / 1_000, about);
    histograms.tokens.record(usage.promptTokens, { ...about, 'gen_ai.token.type': 'input' });
    histograms.tokens.record(usage.completionTokens, { ...about, 'gen_ai.token.type': 'output' });
    const endMs = unixMs();
    const attributes = {
      ...ended,
      ...(!isFailed && { 'gen_ai.response.finish_reasons': [outcome] }),
      'gen_ai.usage.input_tokens': usage.promptTokens,
      'gen_ai.usage.output_tokens': usage.completionTokens,
      'gen_ai.usage.cache_read.input_tokens': usage.cachedTokens,
    };
    const options = { kind: serverKind, startTime: endMs - totalMs, attributes };
    const span = tracer.startSpan(`${operation} ${request.model}`, options);
    if (failure !== undefined) span.setStatus({ code: errorStatus });
    span.end(endMs);
  };
}

function createHistograms(meter: ReturnType<TelemetryApi['metrics']['getMeter']>) {
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
