import { describe, expect, it } from 'vitest';
import { openTelemetry } from './metrics-telemetry.ts';

/** A package that writes down what it is told. */
function recordingApi() {
  const told: unknown[] = [];
  const startSpan = (name: string, options: unknown) => {
    const span = { name, options, status: 0, endMs: 0 };
    told.push(span);
    return {
      setStatus: ({ code }: { readonly code: number }) => {
        span.status = code;
      },
      end: (endMs: number) => {
        span.endMs = endMs;
      },
    };
  };
  const record = (name: string) => (value: number, attributes: unknown) => told.push({ name, value, attributes });
  const createHistogram = (name: string) => ({ record: record(name) });
  return {
    told,
    api: { trace: { getTracer: () => ({ startSpan }) }, metrics: { getMeter: () => ({ createHistogram }) } },
  };
}

const usage = { promptTokens: 7, completionTokens: 3, cachedTokens: 2 };
const calls = { valid: 0, mended: 0, cut: 0, failed: 0 };
const answer = { outcome: 'stop', usage, calls, firstTokenMs: 250, totalMs: 1_500, deployment: 'nano', warnings: [] };
const request = { model: 'gpt', warnings: [] };
const about = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'aimindserve', 'gen_ai.request.model': 'gpt' };

describe('telemetry', () => {
  it('is off where no SDK has registered anything that we know how to use', () => {
    for (const found of [undefined, null, {}, { version: '1.9.0', trace: {}, metrics: 1 }])
      expect(openTelemetry(Date.now, found)).toBeUndefined();
    expect(openTelemetry(Date.now)).toBeUndefined();
  });

  it('tells an SDK for spans alone, or for metrics alone, what it wants to hear', () => {
    for (const [only, count] of [
      ['trace', 1],
      ['metrics', 5],
    ] as const) {
      const { api, told } = recordingApi();
      openTelemetry(Date.now, { [only]: api[only] })?.(request, answer);
      expect(told).toHaveLength(count);
    }
  });

  it('tells an answer by the conventions for generative AI', () => {
    const { api, told } = recordingApi();
    openTelemetry(() => 10_000, api)?.(request, answer);
    const whole = { ...about, 'gen_ai.response.model': 'nano' };
    expect(told).toEqual([
      { name: 'gen_ai.server.request.duration', value: 1.5, attributes: whole },
      { name: 'gen_ai.client.operation.duration', value: 1.5, attributes: whole },
      { name: 'gen_ai.server.time_to_first_token', value: 0.25, attributes: whole },
      { name: 'gen_ai.client.token.usage', value: 7, attributes: { ...whole, 'gen_ai.token.type': 'input' } },
      { name: 'gen_ai.client.token.usage', value: 3, attributes: { ...whole, 'gen_ai.token.type': 'output' } },
      {
        name: 'chat gpt',
        status: 0,
        endMs: 10_000,
        options: {
          kind: 1,
          startTime: 8_500,
          attributes: {
            ...whole,
            'gen_ai.response.finish_reasons': ['stop'],
            'gen_ai.usage.input_tokens': 7,
            'gen_ai.usage.output_tokens': 3,
            'gen_ai.usage.cache_read.input_tokens': 2,
          },
        },
      },
    ]);
  });

  it('tells a failure by its code', () => {
    const { api, told } = recordingApi();
    const tell = openTelemetry(() => 10_000, api);
    tell?.(
      { ...request, raw: [] },
      { outcome: 'engine_crashed', failure: 'engine', usage, calls, totalMs: 5, warnings: [] },
    );
    expect(told.at(-1)).toMatchObject({
      name: 'text_completion gpt',
      status: 2,
      options: { attributes: { 'error.type': 'engine_crashed' } },
    });
  });
});
