/** The numbers of a whole server: asked, answered, mended, left, and read at `/metrics`. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChatEvent } from '../chat/event.ts';
import {
  aborted,
  answer,
  callAnswer,
  eventsOf,
  type ScriptedServer,
  startScripted,
} from './fixtures/scripted-server.ts';
import { type ManagementBench, openManagement } from './management/fixtures/management-bench.ts';
import { createMetrics, type MetricsParts } from './management/metrics.ts';
import { createAnswerMetrics } from './metrics-answers.ts';
import type { EnginesView } from './metrics-engines.ts';
import { createServerMetrics } from './metrics-server.ts';
import type { WaitingView } from './metrics-waiting.ts';

let running: ReturnType<EnginesView> = [];
let waiting: ReturnType<WaitingView> = [];
let bench: ManagementBench;
let server: ScriptedServer;
let complete: (signal: AbortSignal) => AsyncIterable<ChatEvent>;
let as: Record<string, string>;
beforeEach(async () => {
  bench = await openManagement();
  const { authenticate } = bench.accounts;
  await bench.fleet.create({ name: 'nano', aliases: ['org/nano'], source: { kind: 'bundled' } }, undefined);
  const metrics = createServerMetrics({
    version: '1.2.3',
    fleet: bench.fleet,
    deploymentOf: (model) => bench.fleet.find(model)?.deployment.name,
    nowMs: () => 0,
    engines: () => running,
    waiting: () => waiting,
  });
  const options = { metrics, authenticate, addRoutes: metrics.addRoute };
  server = await startScripted({ complete: (_request, signal) => complete(signal), options });
  const { authorization = '' } = (await bench.asker('management key of an administrator')).headers;
  as = { authorization };
});
afterEach(async () => {
  await server.app.close(0);
  await bench.close();
});

async function numbers(name: string): Promise<readonly string[]> {
  const response = await fetch(`${server.url}/metrics`, { headers: as });
  const text = await response.text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`aimindserve_${name}`))
    .map((line) => line.slice('aimindserve_'.length));
}

async function ask(fields: object = {}, signal?: AbortSignal): Promise<Response> {
  const { authorization = '' } = (await bench.asker('flag key')).headers;
  const body = JSON.stringify({ model: 'org/nano', messages: [{ role: 'user', content: 'hi' }], ...fields });
  const url = `${server.url}/v1/chat/completions`;
  return fetch(url, { method: 'POST', headers: { authorization }, body, ...(signal && { signal }) });
}

describe('the numbers of a server', () => {
  it('count requests by route, answers, tokens, calls and warnings by deployment', async () => {
    complete = () => eventsOf(callAnswer());
    expect((await ask({ store: true })).status).toBe(200);
    expect((await ask({ messages: 1 })).status).toBe(400);
    await fetch(`${server.url}/nowhere`);
    const route = '/v1/chat/completions';
    expect(await numbers('http_requests_total')).toEqual([
      `http_requests_total{method="POST",route="${route}",status="200"} 1`,
      `http_requests_total{method="POST",route="${route}",status="400"} 1`,
      'http_requests_total{method="GET",route="none",status="401"} 1',
    ]);
    expect(await numbers('answers_total')).toEqual(['answers_total{model="nano",outcome="tool_calls"} 1']);
    expect(await numbers('tool_calls_total')).toEqual(['tool_calls_total{model="nano",outcome="valid"} 1']);
    expect(await numbers('warnings_total')).toEqual(['warnings_total{model="nano",code="ignored_field"} 1']);
    expect(await numbers('tokens_total')).toContain('tokens_total{model="nano",kind="prompt"} 7');
    expect(await numbers('tool_call_arguments_seconds_count')).toEqual([
      'tool_call_arguments_seconds_count{model="nano"} 1',
    ]);
    expect(await numbers('build_info')).toEqual(['build_info{version="1.2.3"} 1']);
  });

  it('count those whose client left', async () => {
    const isOver = new Promise<void>((resolve) => {
      complete = async function* (signal) {
        yield* eventsOf([
          { type: 'start', choice: 0, id: 'chatcmpl-1' },
          { type: 'text-delta', choice: 0, text: 'a' },
        ]);
        await aborted(signal);
        resolve();
      };
    });
    const leaving = new AbortController();
    await ask({ stream: true }, leaving.signal);
    leaving.abort();
    await isOver;
    const wanted = 'http_requests_abandoned_total{method="POST",route="/v1/chat/completions"} 1';
    expect(await numbers('http_requests_abandoned_total')).toEqual([wanted]);
    expect(await numbers('answers_total')).toEqual(['answers_total{model="nano",outcome="abandoned"} 1']);
  });

  it('count what engines tell of themselves, by model; of those that say nothing how many', async () => {
    const stats = async () => ({ slots: 4, busySlots: 1, queued: 2, decodedTokens: 100, contextPerSlot: 8 });
    const silent = () => new Promise<never>(() => {});
    const failing = () => Promise.reject(new TypeError('ended'));
    running = [stats, stats, silent, failing].map((each) => ({ model: 'org/nano', stats: each }));
    const label = '{model="nano"}';
    expect(await numbers('engine')).toEqual([
      `engine_slots${label} 8`,
      `engine_busy_slots${label} 2`,
      `engine_queued${label} 4`,
      `engine_decoded_tokens${label} 200`,
      'engines_silent 2',
    ]);
    running = [];
    expect(await numbers('engine')).toEqual(['engines_silent 0']);
  });

  it('tell how long answers waited, and how far the event loop lags behind', async () => {
    complete = () => eventsOf(callAnswer());
    await ask();
    expect(await numbers('queue_seconds_count')).toEqual(['queue_seconds_count{model="nano"} 1']);
    const text = await (await fetch(`${server.url}/metrics`, { headers: as })).text();
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
  });

  it('are each told once', async () => {
    const text = await (await fetch(`${server.url}/metrics`, { headers: as })).text();
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('aimindserve_tool_call_repairs_total');
  });

  it('are for administrators', async () => {
    const told: string[] = [];
    for (const kind of ['nobody', 'flag key', 'management key of a user', 'session of an administrator'] as const) {
      const { headers } = await bench.asker(kind);
      const shown = Object.entries(headers).map(([name, value]) => [name, String(value)]);
      told.push(`${kind} ${(await fetch(`${server.url}/metrics`, { headers: Object.fromEntries(shown) })).status}`);
    }
    expect(told).toEqual([
      'nobody 401',
      'flag key 403',
      'management key of a user 403',
      'session of an administrator 200',
    ]);
  });
});

/** The numbers of answers alone, and how they are read. */
function answerMetrics(parts: Pick<MetricsParts, 'nowMs' | 'deploymentOf'>) {
  const all = createMetrics({ version: '1.2.3', fleet: bench.fleet, ...parts });
  return { ...createAnswerMetrics({ ...all, nowMs: parts.nowMs }), text: all.text };
}

describe('tool calls', () => {
  it('are counted by what was mended, enforced, cut and broken; what clients make up is no label', async () => {
    let nowMs = 0;
    const metrics = answerMetrics({ nowMs: () => nowMs, deploymentOf: () => 'nano' });
    const called = (index: number): ChatEvent[] => [
      { type: 'call-start', choice: 0, index, id: `c${index}`, name: `tool-${index}` },
    ];
    const ended = (index: number, outcome: 'ok' | 'cut' | 'broken', mended: string[]): ChatEvent => ({
      type: 'call-end',
      choice: 0,
      index,
      outcome,
      kept: { enforced: outcome === 'ok', relaxed: [], mended },
    });
    const events = answer(
      [
        ...called(0),
        ended(0, 'ok', ['string-to-integer at a.secret', 'string-to-integer at b', 'fence']),
        ...called(1),
        ended(1, 'broken', []),
        ...called(2),
        ended(2, 'cut', []),
      ],
      'tool_calls',
    );
    async function* timed(): AsyncGenerator<ChatEvent> {
      for (const event of events) {
        nowMs += event.type === 'call-end' ? 200 : 0;
        yield event;
      }
    }
    const request = { model: 'x', warnings: [] };
    for await (const _ of metrics.observe(request, timed()));
    const text = await metrics.text();
    for (const line of [
      'tool_call_repairs_total{model="nano",rule="string-to-integer"} 2',
      'tool_call_repairs_total{model="nano",rule="fence"} 1',
      'tool_call_failures_total{model="nano",reason="broken"} 1',
      'tool_call_failures_total{model="nano",reason="cut"} 1',
      'tool_calls_unenforced_total{model="nano"} 2',
      'tool_call_arguments_seconds_count{model="nano"} 3',
    ])
      expect(text).toContain(`aimindserve_${line}\n`);
    expect(text).not.toContain('secret');
    expect(text).not.toContain('tool-0');
  });

  it('of very many deployments share a series', async () => {
    const metrics = answerMetrics({ nowMs: () => 0, deploymentOf: (model) => model });
    const warnings = [{ code: 'ignored_field', message: 'x' }];
    for (let index = 0; index < 250; index++) metrics.observe({ model: `m${index}`, warnings }, eventsOf([]));
    const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('aimindserve_warnings_total{'));
    expect(lines).toHaveLength(201);
    expect(lines).toContain('aimindserve_warnings_total{model="other",code="ignored_field"} 50');
  });
});

it('counts those who wait in line, by model', async () => {
  waiting = [
    { model: 'nano', count: 3 },
    { model: 'org/nano', count: 1 },
  ];
  expect(await numbers('waiting_requests{')).toEqual(['waiting_requests{model="nano"} 4']);
  waiting = [];
  expect(await numbers('waiting_requests{')).toEqual([]);
});
