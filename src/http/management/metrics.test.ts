import Fastify from 'fastify';
import { beforeEach, describe, expect, it } from 'vitest';
import { RequestError } from '../../base/errors.ts';
import type { ChatEvent } from '../../chat/event.ts';
import { only } from '../only.ts';
import { createFakeFleet } from './fixtures/fake-fleet.ts';
import { openManagement } from './fixtures/management-bench.ts';
import { createMetrics, type Metrics, registerMetrics } from './metrics.ts';

const fleet = createFakeFleet();
let nowMs = 0;
let metrics: Metrics;
beforeEach(() => {
  nowMs = 0;
  metrics = createMetrics({
    version: '1.2.3',
    fleet,
    deploymentOf: (model) => fleet.find(model)?.deployment.name,
    nowMs: () => nowMs,
  });
});

/** The lines of one metric. */
async function lines(name: string): Promise<readonly string[]> {
  const text = await metrics.text();
  return text.split('\n').filter((line) => line.startsWith(`aimindserve_${name}{`));
}

async function* script(events: readonly ChatEvent[]): AsyncGenerator<ChatEvent> {
  for (const event of events) {
    nowMs += 100;
    yield event;
  }
}

async function answer(model: string, events: readonly ChatEvent[]): Promise<number> {
  let passed = 0;
  for await (const _ of metrics.measure(model, script(events))) passed++;
  return passed;
}

const callEnd = (outcome: 'ok' | 'cut' | 'broken', mended: string[] = []): ChatEvent => ({
  type: 'call-end',
  choice: 0,
  index: 0,
  outcome,
  kept: { enforced: true, relaxed: [], mended },
});
const finish = { type: 'finish', choice: 0, reason: 'tool_calls' } as const;
const usage = { type: 'usage', usage: { promptTokens: 100, completionTokens: 20, cachedTokens: 60 } } as const;

describe('answers', () => {
  beforeEach(async () => {
    for (const { deployment } of fleet.deployments()) await fleet.remove(deployment.id, false);
    await fleet.create({ name: 'nano', aliases: ['gpt'], source: { kind: 'bundled' } }, undefined);
  });

  it('are passed on and counted, under the name of the deployment', async () => {
    const start = { type: 'start', choice: 0, id: 'x' } as const;
    const callStart = { type: 'call-start', choice: 0, index: 0, id: 'c', name: 'f' } as const;
    const events = [
      start,
      callStart,
      callEnd('ok'),
      callEnd('ok', ['name']),
      callEnd('broken'),
      callEnd('cut'),
      finish,
      usage,
    ];
    expect(await answer('gpt', events)).toBe(events.length);
    expect(await lines('answers_total')).toEqual(['aimindserve_answers_total{model="nano",outcome="tool_calls"} 1']);
    expect(await lines('tool_calls_total')).toEqual([
      'aimindserve_tool_calls_total{model="nano",outcome="valid"} 1',
      'aimindserve_tool_calls_total{model="nano",outcome="mended"} 1',
      'aimindserve_tool_calls_total{model="nano",outcome="failed"} 2',
    ]);
    expect(await lines('tokens_total')).toEqual([
      'aimindserve_tokens_total{model="nano",kind="prompt"} 100',
      'aimindserve_tokens_total{model="nano",kind="completion"} 20',
      'aimindserve_tokens_total{model="nano",kind="cached"} 60',
    ]);
    expect(await lines('time_to_first_token_seconds_sum')).toEqual([
      'aimindserve_time_to_first_token_seconds_sum{model="nano"} 0.2',
    ]);
    expect(await lines('answer_duration_seconds_sum')).toEqual([
      'aimindserve_answer_duration_seconds_sum{model="nano"} 0.8',
    ]);
    expect(await lines('answers_under_way')).toEqual(['aimindserve_answers_under_way{model="nano"} 0']);
  });

  it('that fail or are left are counted as such', async () => {
    await answer('nano', [{ type: 'error', error: new RequestError('model_not_found', 'x') }]);
    for await (const _ of metrics.measure('nano', script([finish, finish]))) break;
    for await (const _ of metrics.measure('nano', script([{ type: 'progress', stage: 'queued' }, finish]))) break;
    expect(await lines('answers_total')).toEqual([
      'aimindserve_answers_total{model="nano",outcome="model_not_found"} 1',
      'aimindserve_answers_total{model="nano",outcome="tool_calls"} 1',
      'aimindserve_answers_total{model="nano",outcome="abandoned"} 1',
    ]);
  });

  it('of models that nobody serves are one series, however many there are', async () => {
    for (let index = 0; index < 500; index++) await answer(`made-up-${index}`, [finish]);
    expect(await lines('answers_total')).toEqual(['aimindserve_answers_total{model="none",outcome="tool_calls"} 500']);
  });

  it('of very many models share a series', async () => {
    for (let index = 0; index < 210; index++) {
      await fleet.create({ name: `m${index}`, source: { kind: 'bundled' } }, undefined);
      await answer(`m${index}`, [finish]);
    }
    const found = await lines('answers_total');
    expect(found).toHaveLength(201);
    expect(found).toContain('aimindserve_answers_total{model="other",outcome="tool_calls"} 10');
  });
});

it('tells how the fleet stands at that moment', async () => {
  for (const { deployment } of fleet.deployments()) await fleet.remove(deployment.id, false);
  const { deployment } = await fleet.create({ name: 'a', source: { kind: 'bundled' } }, undefined);
  await fleet.create({ name: 'b', source: { kind: 'bundled' } }, undefined);
  await fleet.pull({ kind: 'bundled' });
  expect(await lines('deployments')).toEqual(['aimindserve_deployments{state="ready"} 2']);
  expect(await lines('instances')).toEqual(['aimindserve_instances{state="ready"} 2']);
  expect(await lines('downloads')).toEqual(['aimindserve_downloads{state="running"} 1']);
  expect(await lines('build_info')).toEqual(['aimindserve_build_info{version="1.2.3"} 1']);
  await fleet.setStopped(deployment.id, true);
  expect(await lines('deployments')).toEqual([
    'aimindserve_deployments{state="stopped"} 1',
    'aimindserve_deployments{state="ready"} 1',
  ]);
});

it('counts requests by route, whatever the paths', async () => {
  const app = Fastify();
  metrics.countRequests(app);
  only(app, 'GET', '/things/:id', (_request, reply) => {
    reply.send({});
  });
  for (let index = 0; index < 50; index++) await app.inject(`/things/${index}`);
  for (let index = 0; index < 50; index++) await app.inject(`/nowhere/${index}`);
  const count = 'aimindserve_http_requests_total';
  expect(await lines('http_requests_total')).toEqual([
    `${count}{method="GET",route="/things/:id",status="200"} 50`,
    `${count}{method="GET",route="none",status="404"} 50`,
  ]);
});

it('is for those whom the table allows', async () => {
  const bench = await openManagement();
  const app = Fastify();
  registerMetrics(app, metrics, bench.accounts.authenticate);
  const statuses: Record<string, number> = {};
  for (const kind of ['management key of an administrator', 'management key of a user', 'flag key'] as const) {
    const { headers } = await bench.asker(kind);
    statuses[kind] = (await app.inject({ url: '/metrics', headers })).statusCode;
  }
  expect(Object.values(statuses)[0]).toBe(200);
  expect(
    Object.values(statuses)
      .slice(1)
      .every((status) => status >= 400),
  ).toBe(true);
  await bench.close();
});
