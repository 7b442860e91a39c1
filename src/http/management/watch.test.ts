import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RequestError } from '../../base/errors.ts';
import { completeRoute } from '../../fleet/model-route.ts';
import { checkInput } from './check-input.ts';
import { type ManagementBench, openManagement } from './fixtures/management-bench.ts';
import { managementRoutes } from './management-routes.ts';
import { Feed } from './watch.ts';

let bench: ManagementBench;
let url: string;
const open: AbortController[] = [];
beforeEach(async () => {
  bench = await openManagement();
  url = await bench.app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  vi.useRealTimers();
  for (const controller of open.splice(0)) controller.abort();
  await bench.close();
});

/** One server-sent event. */
interface Told {
  readonly event: string;
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they please
  readonly data: any;
}

/** Watches a list; `next` reads one event, or undefined at the end. */
async function watch(path: string, headers: Readonly<Record<string, unknown>>, lastEventId?: string) {
  const controller = new AbortController();
  open.push(controller);
  const sent = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  const response = await fetch(`${url}/api/v1${path}?watch=true`, {
    headers: [...sent, ...(lastEventId === undefined ? [] : [['last-event-id', lastEventId] as [string, string]])],
    signal: controller.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<Told | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const frame = text.slice(0, end);
        text = text.slice(end + 2);
        if (frame.startsWith(':')) continue;
        const [event, id, data] = ['event', 'id', 'data'].map(
          (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1],
        );
        return { event: event ?? '', id: id ?? '', data: JSON.parse(data ?? 'null') };
      }
      const piece = await reader?.read();
      if (piece?.value === undefined) return undefined;
      text += piece.value;
    }
  };
  return { response, next, leave: () => controller.abort() };
}

const impossible = (): never => expect.fail('there is a deployment');
const bundled = { kind: 'bundled' } as const;
const admin = async () => (await bench.asker('management key of an administrator')).headers;

describe('watching a list', () => {
  it('begins with all there is, and goes on with what changes', async () => {
    const { deployment } = await bench.fleet.create({ name: 'a', source: bundled }, undefined);
    const { response, next } = await watch('/deployments', await admin());
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(await next()).toMatchObject({ event: 'snapshot', data: { items: [{ id: deployment.id, name: 'a' }] } });
    await bench.fleet.scale(deployment.id, 4);
    expect(await next()).toMatchObject({ event: 'updated', data: { id: deployment.id, spec: { replicas: 4 } } });
    await bench.fleet.create({ name: 'b', source: bundled }, undefined);
    expect(await next()).toMatchObject({ event: 'created', data: { name: 'b' } });
    await bench.fleet.remove(deployment.id, false);
    expect(await next()).toMatchObject({ event: 'deleted', data: { id: deployment.id } });
  });

  it('goes on where it broke off, and begins anew where that is unknown', async () => {
    const headers = await admin();
    const first = await watch('/deployments', headers);
    const { id } = (await first.next()) ?? { id: '' };
    first.leave();
    const { deployment } = await bench.fleet.create({ name: 'missed', source: bundled }, undefined);
    await bench.fleet.scale(deployment.id, 4);
    const second = await watch('/deployments', headers, id);
    // What was made and then changed is told once, as it is now.
    expect(await second.next()).toMatchObject({ event: 'created', data: { name: 'missed', spec: { replicas: 4 } } });
    for (const unknown of ['0badcafe-1', `${id.split('-')[0]}-999`, 'nonsense', '-', '']) {
      const anew = await watch('/deployments', headers, unknown);
      expect((await anew.next())?.event).toBe('snapshot');
      anew.leave();
    }
  });

  it('shows each only what they may see', async () => {
    const mine = await bench.asker('management key of a user');
    const { next } = await watch('/keys', mine.headers);
    const snapshot = await next();
    expect(snapshot?.data.items.map(({ ownerId }: { ownerId: string }) => ownerId)).toEqual([bench.user.id]);
    const all = await watch('/keys', await admin());
    expect((await all.next())?.data.items).toHaveLength(2);

    const as = await admin();
    const secret = await bench.ask({ method: 'POST', path: '/keys', as, body: { name: 'of the administrator' } });
    await bench.ask({ method: 'DELETE', path: `/keys/${secret.body.key.id}`, as });
    const own = await bench.ask({ method: 'POST', path: '/keys', as: mine.headers, body: { name: 'own' } });
    expect(await next()).toMatchObject({ event: 'created', data: { id: own.body.key.id, name: 'own' } });
    await bench.ask({ method: 'DELETE', path: `/keys/${own.body.key.id}`, as: mine.headers });
    expect(await next()).toMatchObject({ event: 'deleted', data: { id: own.body.key.id } });
  });

  it('tells of routes, and of them again when a target is gone', async () => {
    const as = await admin();
    const { deployment } = await bench.fleet.create({ name: 'a', source: bundled }, undefined);
    const { next } = await watch('/routes', as);
    expect(await next()).toMatchObject({ event: 'snapshot', data: { items: [] } });
    const body = { name: 'chat', targets: [{ deployment: 'a' }] };
    const { id } = (await bench.ask({ method: 'POST', path: '/routes', as, body })).body;
    expect(await next()).toMatchObject({ event: 'created', data: { id, name: 'chat', warnings: [] } });
    await bench.ask({ method: 'PATCH', path: `/routes/${id}`, as, body: { description: 'new' } });
    expect(await next()).toMatchObject({ event: 'updated', data: { id, spec: { description: 'new' } } });
    await bench.ask({ method: 'POST', path: '/import', as, body: { routes: [body] } });
    expect(await next()).toMatchObject({ event: 'updated', data: { id, revision: 3 } });
    await bench.fleet.remove(deployment.id, false);
    expect((await next())?.data.warnings).toHaveLength(1);
    await bench.ask({ method: 'DELETE', path: '/routes/chat', as });
    expect(await next()).toMatchObject({ event: 'deleted', data: { id } });
  });

  it('is refused to those who may not, before anything is sent', async () => {
    const { response } = await watch('/users', (await bench.asker('session of a user')).headers);
    expect([response.status, response.headers.get('content-type')]).toEqual([403, 'application/json; charset=utf-8']);
  });

  it('ends within a minute of a sign-out', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { headers } = await bench.asker('session of an administrator');
    const { next } = await watch('/deployments', headers);
    expect((await next())?.event).toBe('snapshot');
    expect((await bench.ask({ method: 'DELETE', path: '/session', as: headers })).status).toBe(204);
    vi.advanceTimersByTime(60_000);
    expect(await next()).toBeUndefined();
  });

  it('ends when the server stops', async () => {
    const { next } = await watch('/deployments', await admin());
    await next();
    bench.closing.abort();
    expect(await next()).toBeUndefined();
  });

  it('lets go of what listens once a watcher leaves', async () => {
    const listen = vi.spyOn(Feed.prototype, 'listen');
    const { next, leave } = await watch('/deployments', await admin());
    await next();
    leave();
    const [stop] = listen.mock.results.map(({ value }) => value);
    listen.mockRestore();
    // Stopping twice says whether the first time did it.
    await vi.waitFor(() => expect(stop()).toBe(false));
  });
});

describe('every list that can be watched', () => {
  const watched = managementRoutes.filter(({ query }) => 'watch' in query);
  it.each(watched.map(({ path }) => path))('%s', async (path) => {
    await bench.fleet.create({ name: 'a', source: bundled }, undefined);
    await bench.fleet.pull(bundled);
    await bench.parts.routes.create(completeRoute({ name: 'r', targets: [{ deployment: 'a' }] }));
    const { next } = await watch(path, await admin());
    const { items } = (await next())?.data ?? {};
    expect(items.length).toBeGreaterThan(0);
    const reply = watched.find((route) => route.path === path)?.reply ?? impossible();
    checkInput(reply, { items, page: 1, perPage: 50, total: 1 });
  });
});

describe('a watcher that does not read', () => {
  it('is dropped', async () => {
    const slow = await openManagement({ stallMs: 200 });
    const port = Number(new URL(await slow.app.listen({ host: '127.0.0.1', port: 0 })).port);
    const { authorization } = (await slow.asker('management key of an administrator')).headers;
    await slow.fleet.create({ name: 'large', source: bundled, systemPrompt: 'x'.repeat(100_000) }, undefined);
    const socket = connect(port, '127.0.0.1').pause();
    socket.write(`GET /api/v1/deployments?watch=1 HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`);
    const connections = () => new Promise((resolve) => slow.app.server.getConnections((_, count) => resolve(count)));
    await vi.waitFor(async () => expect(await connections()).toBe(1));
    await vi.waitFor(
      async () => {
        slow.fleet.tell({
          kind: 'deployment',
          id: slow.fleet.deployments()[0]?.deployment.id ?? impossible(),
          type: 'updated',
        });
        expect(await connections()).toBe(0);
      },
      { timeout: 30_000, interval: 5 },
    );
    socket.destroy();
    await slow.close();
  });
});

describe('a log that is followed', () => {
  it('goes on until the client leaves', async () => {
    const { instances } = await bench.fleet.create({ name: 'a', source: bundled }, undefined);
    const port = Number(new URL(url).port);
    const { authorization } = await admin();
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `GET /api/v1/instances/${instances[0]?.id}/logs?follow=true&lines=2 HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`,
    );
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    await vi.waitFor(() => expect(text).toContain('line 1'));
    expect(text).toContain('content-type: text/plain; charset=utf-8');
    expect(text).not.toContain('line 2');
    socket.destroy();
  });

  it('has its headers though no line has come yet', async () => {
    const quiet = await openManagement({ headersAfterMs: 50 });
    const address = await quiet.app.listen({ host: '127.0.0.1', port: 0 });
    const { authorization = '' } = (await quiet.asker('management key of an administrator')).headers;
    const { instances } = await quiet.fleet.create({ name: 'a', source: bundled }, undefined);
    const path = `/api/v1/instances/${instances[0]?.id}/logs?follow=true&lines=0`;
    const response = await fetch(address + path, { headers: { authorization } });
    expect(response.status).toBe(200);
    quiet.closing.abort();
    expect(await response.text()).toBe('');
    await quiet.close();
  });

  it('that cannot be read is an error', async () => {
    const { instances } = await bench.fleet.create({ name: 'a', source: bundled }, undefined);
    const path = `/instances/${instances[0]?.id}/logs`;
    bench.fleet.logs = async function* () {
      yield* [];
      throw new RequestError('not_found', 'There is no such run.');
    };
    const { status, body } = await bench.ask({ path: `${path}?run=7`, as: await admin() });
    expect([status, body.error.code]).toEqual([404, 'not_found']);
  });
});

describe('a feed', () => {
  it('remembers so much, and says where it does not', () => {
    const feed = new Feed('e');
    for (let index = 1; index <= 5_000; index++) feed.publish({ type: 'updated', id: `${index}` });
    expect(feed.since(feed.eventId())).toEqual([]);
    expect(feed.since(feed.eventId(4_500))).toHaveLength(500);
    expect(feed.since(feed.eventId(4_000))).toHaveLength(1_000);
    expect(feed.since(feed.eventId(1))).toBeUndefined();
    expect(feed.since('f-4500')).toBeUndefined();
    expect(feed.since('e-5001')).toBeUndefined();
  });
});
