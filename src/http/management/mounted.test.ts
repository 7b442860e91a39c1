/** The management API on the whole server, over real sockets: its hooks, its limits, its end. */

import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../base/log.ts';
import { createHttpApp, type HttpApp } from '../app.ts';
import { eventsOf } from '../fixtures/scripted-server.ts';
import { defaultLimits } from '../limits.ts';
import { registerDocuments } from './api-documents.ts';
import { type ManagementBench, openManagement } from './fixtures/management-bench.ts';
import { managementRoutes } from './management-routes.ts';
import { createMetrics, registerMetrics } from './metrics.ts';
import { registerManagement } from './register.ts';

let bench: ManagementBench;
let app: HttpApp;
let url: string;
let as: Record<string, string>;
beforeEach(async () => {
  bench = await openManagement();
  const { accounts, clock, fleet, parts } = bench;
  const { authenticate } = accounts;
  const metrics = createMetrics({
    version: '1',
    fleet,
    deploymentOf: (model) => fleet.find(model)?.deployment.name,
    nowMs: () => 0,
  });
  app = createHttpApp({
    complete: () => eventsOf([]),
    protocols: [],
    models: () => [],
    authenticate,
    door: { admit: () => expect.fail('nobody asks a model'), headers: () => ({}) },
    addRoutes: (server) => {
      metrics.countRequests(server);
      registerManagement(server, managementRoutes, parts);
      registerDocuments(server, { routes: managementRoutes, version: '1', authenticate });
      registerMetrics(server, metrics, authenticate);
    },
    log: silentLog,
    clock,
    limits: defaultLimits,
  });
  url = `http://127.0.0.1:${await app.listen({ host: '127.0.0.1', port: 0 })}`;
  const { authorization = '' } = (await bench.asker('management key of an administrator')).headers;
  as = { authorization };
});
afterEach(async () => {
  await app.close(0);
  await bench.close();
});

const ask = (method: string, path: string, body?: string) =>
  fetch(url + path, { method, headers: as, ...(body !== undefined && { body }) });

describe('on the whole server', () => {
  it('answers with and without bodies, whatever their type is called', async () => {
    const made = await ask('POST', '/api/v1/deployments', '{"source": {"kind": "bundled"}, "name": "org/a"}');
    expect([made.status, made.headers.get('etag')]).toEqual([201, '"1"']);
    const id = bench.fleet.find('org/a')?.deployment.id;
    const byName = encodeURIComponent('org/a');
    for (const [method, path, status] of [
      ['GET', `/api/v1/deployments/${byName}`, 200],
      ['POST', `/api/v1/deployments/${byName}/stop`, 200],
      ['POST', `/api/v1/deployments/${id}/start`, 200],
      ['DELETE', `/api/v1/deployments/${id}?withFiles=true`, 204],
      ['GET', `/api/v1/deployments/${id}`, 404],
      ['GET', '/api/docs', 200],
      ['GET', '/api/openapi.json', 200],
      ['GET', '/metrics', 200],
      ['PATCH', '/api/v1/deployments', 405],
      ['GET', '/api/v1/nothing', 404],
      ['GET', '/api/v1/users/../../../etc/passwd', 404],
    ] as const) {
      const response = await ask(method, path);
      expect([method, path, response.status]).toEqual([method, path, status]);
      await response.text();
    }
    const text = await (await ask('GET', '/metrics')).text();
    expect(text).toContain(
      'aimindserve_http_requests_total{method="POST",route="/api/v1/deployments/:id/stop",status="200"} 1',
    );
  });

  it('takes YAML where it says so', async () => {
    const response = await ask('POST', '/api/v1/import', 'deployments:\n  - source: { kind: bundled }\n    name: a\n');
    expect(await response.json()).toMatchObject({ created: ['a'] });
  });

  it('ends streams when the server stops', async () => {
    const response = await ask('GET', '/api/v1/deployments?watch=true');
    const whole = response.text();
    bench.closing.abort();
    expect(await whole).toMatch(/^event: snapshot\nid: \w+-0\ndata: /);
  });

  it.each([
    '/api/v1/deployments/%00',
    '/api/v1/deployments/%',
    '/api/v1/deployments/%c0%af',
    '/api/v1//deployments/..%5c..',
  ])('refuses %s in our own words', async (path) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${as['authorization']}\r\nconnection: close\r\n\r\n`,
    );
    let text = '';
    for await (const piece of socket) text += String(piece);
    expect(text).toMatch(/^HTTP\/1.1 40[04] /);
    expect(text).toMatch(/"code":"(invalid_value|not_found)"/);
  });
});
