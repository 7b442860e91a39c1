/** What the table of routes cannot show: edits side by side, what others own, and what is never told. */

import Fastify from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isObject } from '../../base/json.ts';
import { registerDocuments } from './api-documents.ts';
import { type Asker, catalogueEntry, type ManagementBench, openManagement } from './fixtures/management-bench.ts';
import { managementRoutes } from './management-routes.ts';
import { openapiOf } from './openapi.ts';

let bench: ManagementBench;
let admin: Asker['headers'];
let user: Asker['headers'];
beforeAll(async () => {
  bench = await openManagement();
  admin = (await bench.asker('session of an administrator')).headers;
  user = (await bench.asker('management key of a user')).headers;
});
afterAll(() => bench.close());

const bundled = { kind: 'bundled' } as const;
let made = 0;
const newDeployment = async (spec: object = {}) =>
  (await bench.fleet.create({ name: `d${made++}`, source: bundled, ...spec }, undefined)).deployment;

describe('edits side by side', () => {
  it('are told apart by ETag', async () => {
    const { id } = await newDeployment();
    const path = `/deployments/${id}`;
    const { headers } = await bench.ask({ path, as: admin });
    expect(headers['etag']).toBe('"1"');
    const patch = (etag: string) =>
      bench.ask({ method: 'PATCH', path, as: { ...admin, 'if-match': etag }, body: { replicas: made++ } });
    const first = await patch('"1"');
    expect([first.status, first.headers['etag']]).toEqual([200, '"2"']);
    for (const stale of ['"1"', 'W/"2"', '2', '"x"']) {
      const { status, body } = await patch(stale);
      expect([status, body.error.code], stale).toEqual([412, 'changed_meanwhile']);
    }
    expect((await patch('*')).status).toBe(200);
    expect((await patch(' "3" ')).status).toBe(200);
  });

  it.each([
    ['/settings', 'PUT', { allowedHosts: ['hub.lan'], pathRoots: [] }, '"7"'],
    ['/users/ID', 'PATCH', { fullName: 'A' }, '"7"'],
    ['/keys/KEY', 'PATCH', { name: 'b' }, '"7"'],
  ] as const)('%s too', async (path, method, body, etag) => {
    const { id } = await bench.keyOf(bench.user, ['inference']);
    const place = path.replace('ID', bench.user.id).replace('KEY', id);
    const as = { ...admin, 'if-match': etag };
    expect((await bench.ask({ method, path: place, as, body })).body.error.code).toBe('changed_meanwhile');
  });
});

describe('a patch', () => {
  it('changes what it names, deeply, and takes back what is null', async () => {
    const spec = { replicas: 3, description: 'x', sampling: { temperature: 0.5, topK: 4 }, aliases: ['alias'] };
    const { id, name } = await newDeployment(spec);
    const body = { replicas: null, description: null, sampling: { topK: null, topP: 0.9 }, threads: 2 };
    const { body: shown } = await bench.ask({ method: 'PATCH', path: '/deployments/alias', as: admin, body });
    expect(shown.id).toBe(id);
    expect(shown.spec).toMatchObject({ name, replicas: 1, sampling: { temperature: 0.5, topP: 0.9 }, threads: 2 });
    expect(shown.spec.sampling).not.toHaveProperty('topK');
    expect(shown.spec).not.toHaveProperty('description');
    const entry = JSON.parse(bench.auditLines.at(-1) ?? '');
    expect(entry).toMatchObject({ action: 'deployment.edit', detail: 'description, replicas, sampling, threads' });
  });

  it.each([
    [{ source: null }, 'missing_field', 'source'],
    [{ source: { kind: 'local' } }, 'missing_field', 'source.path'],
    [{ limits: { requestPerMinute: 1 } }, 'unsupported_field', 'limits.requestPerMinute'],
    [{ revision: 5 }, 'unsupported_field', 'revision'],
    [{ environment: { LD_PRELOAD: '/x' } }, 'invalid_value', 'environment.LD_PRELOAD'],
    [{ backendParameters: ['--port=1'] }, 'invalid_value', 'backendParameters[0]'],
  ])('%j is refused', async (body, code, param) => {
    const { id } = await newDeployment();
    const { body: shown } = await bench.ask({ method: 'PATCH', path: `/deployments/${id}`, as: admin, body });
    expect([shown.error.code, shown.error.param]).toEqual([code, param]);
  });

  it('of what the command line declared is refused', async () => {
    const declared = bench.fleet.declare({ ...(await newDeployment()), name: 'declared' });
    const path = `/deployments/${declared.id}`;
    expect((await bench.ask({ method: 'PATCH', path, as: admin, body: { replicas: 2 } })).status).toBe(409);
  });
});

describe('what others own', () => {
  it('is not there', async () => {
    const { id } = await bench.keyOf(bench.admin, ['inference']);
    for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
      const body = method === 'PATCH' ? { name: 'stolen' } : undefined;
      const other = await bench.ask({ method, path: `/keys/${id}`, as: user, body });
      const nobodys = await bench.ask({ method, path: '/keys/key_0000000000000000', as: user, body });
      expect(other.status).toBe(404);
      expect(other.body.error.message.replace(id, '')).toBe(
        nobodys.body.error.message.replace('key_0000000000000000', ''),
      );
    }
    expect((await bench.ask({ path: `/keys/${id}`, as: admin })).status).toBe(200);
    const owners = async (as: Asker['headers'], query = '') => {
      const { body } = await bench.ask({ path: `/keys?perPage=200${query}`, as });
      return body.items && new Set(body.items.map((key: { ownerId: string }) => key.ownerId));
    };
    expect(await owners(user)).toEqual(new Set([bench.user.id]));
    expect(await owners(admin)).toEqual(new Set([bench.user.id, bench.admin.id]));
    expect(await owners(admin, '&owner=me')).toEqual(new Set([bench.admin.id]));
    expect(await owners(admin, `&owner=${bench.user.id}`)).toEqual(new Set([bench.user.id]));
    expect(await owners(user, `&owner=${bench.admin.id}`)).toBeUndefined();
  });
});

describe('a key that expires', () => {
  it('cannot outlive itself: not by an edit, not by another key', async () => {
    const expiresAt = bench.clock.unixSeconds() + 3_600;
    const spec = { name: 'brief', scopes: ['management' as const], limits: {}, expiresAt };
    const { key, secret } = await bench.accounts.createKey(bench.user, spec);
    const as = { authorization: `Bearer ${secret}` };
    const statusOf = async (method: 'POST' | 'PATCH', path: string, body: object) =>
      (await bench.ask({ method, path, as, body })).status;
    expect(await statusOf('POST', '/keys', { name: 'heir' })).toBe(400);
    expect(await statusOf('POST', '/keys', { name: 'heir', expiresAt: expiresAt + 1 })).toBe(400);
    expect(await statusOf('POST', '/keys', { name: 'heir', expiresAt })).toBe(201);
    expect(await statusOf('PATCH', `/keys/${key.id}`, { expiresAt: null })).toBe(400);
    expect(await statusOf('PATCH', `/keys/${key.id}`, { name: 'renamed' })).toBe(200);
  });
});

describe('what is never told', () => {
  it('to users: environment, parameters, signed addresses and logs of deployments', async () => {
    const source = { kind: 'url', url: 'https://files.example/m.gguf?signature=hidden' };
    const { id } = await newDeployment({ source, environment: { SECRET: 'hidden' }, backendParameters: ['--hidden'] });
    const asUser = await bench.ask({ path: `/deployments/${id}`, as: user });
    expect(asUser.status).toBe(200);
    expect(asUser.text).not.toContain('hidden');
    expect(asUser.text).not.toContain('a prompt');
    const asAdmin = await bench.ask({ path: `/deployments/${id}`, as: admin });
    const kept = { source, environment: { SECRET: 'hidden' }, backendParameters: ['--hidden'] };
    expect(asAdmin.body.spec).toMatchObject(kept);
    expect(asAdmin.body.source).toBe('https://files.example/m.gguf');
    expect(asAdmin.text).toContain('a prompt');
  });

  it('to users: what logs say, by what a search finds', async () => {
    const { id } = await newDeployment();
    const totalOf = async (as: Asker['headers'], words: string) =>
      (await bench.ask({ path: `/instances?deployment=${id}&search=${words}`, as })).body.total;
    expect([await totalOf(user, 'told'), await totalOf(user, 'prompt'), await totalOf(admin, 'prompt')]).toEqual([
      1, 0, 1,
    ]);
  });

  it('to anybody: passwords, secrets and keys, not even in the audit log', async () => {
    const before = bench.auditLines.length;
    const secret = 'a-secret-of-somebody-9';
    const ask = (method: 'POST' | 'PUT' | 'PATCH', path: string, body: object) =>
      bench.ask({ method, path, as: admin, body });
    const key = await ask('POST', '/keys', { name: 'k' });
    expect(key.body.secret).toMatch(/^sk-ams-/);
    const person = await ask('POST', '/users', { name: 'carl', role: 'user', password: secret });
    await ask('PUT', `/users/${person.body.id}/password`, { password: `${secret}-too` });
    await ask('PUT', '/settings/secrets/modelscope-token', { value: secret });
    const { id } = await newDeployment();
    await ask('PATCH', `/deployments/${id}`, { environment: { HF_TOKEN: secret } });
    const texts = [
      '/users',
      '/keys',
      '/settings',
      '/settings/secrets',
      '/audit',
      '/export',
      `/users/${person.body.id}`,
    ];
    for (const path of texts) {
      const { text, status } = await bench.ask({ path, as: admin });
      expect([path, status, text.includes(secret), text.includes(key.body.secret)]).toEqual([path, 200, false, false]);
    }
    const lines = bench.auditLines.slice(before);
    expect(lines).toHaveLength(5);
    expect(lines.join('\n')).not.toContain(secret);
    expect(lines.join('\n')).not.toContain(key.body.secret);
    const { body } = await bench.ask({ path: '/settings/secrets', as: admin });
    expect(body.items).toContainEqual(expect.objectContaining({ name: 'modelscope-token', hint: 'dy-9' }));
  });
});

describe('lists', () => {
  beforeEach(async () => {
    for (const { deployment } of bench.fleet.deployments()) await bench.fleet.remove(deployment.id, false);
    for (const name of ['b', 'c', 'a']) await newDeployment({ name: `list-${name}`, description: `the ${name} one` });
  });
  const list = async (query: string) => {
    const { body } = await bench.ask({ path: `/deployments?${query}`, as: admin });
    return [
      body.items.map(({ name }: { name: string }) => name.slice(-1)).join(''),
      body.page,
      body.perPage,
      body.total,
    ];
  };

  it('are searched, ordered and cut in pages', async () => {
    expect(await list('')).toEqual(['abc', 1, 50, 3]);
    expect(await list('sort=-name')).toEqual(['cba', 1, 50, 3]);
    expect(await list('perPage=2')).toEqual(['ab', 1, 2, 3]);
    expect(await list('perPage=2&page=2')).toEqual(['c', 2, 2, 3]);
    expect(await list('page=9')).toEqual(['', 9, 50, 3]);
    expect(await list('search=THE+B')).toEqual(['b', 1, 50, 1]);
    expect(await list('search=nowhere')).toEqual(['', 1, 50, 0]);
  });

  it('of the catalogue keep its order unless another is asked for, and are filtered', async () => {
    const found = async (query: string) => (await bench.ask({ path: `/catalogue?${query}`, as: user })).body.items;
    expect(await found('fitsOnly=true&tools=expected&category=llm&capability=tools')).toEqual([catalogueEntry]);
    expect(await found('category=embedding')).toEqual([]);
    expect(await found('capability=vision')).toEqual([]);
  });

  it('of changes are searched too', async () => {
    await bench.ask({ method: 'POST', path: '/users', as: admin, body: { name: 'dora', role: 'user' } });
    const { body } = await bench.ask({ path: '/audit?search=dora&sort=-at', as: admin });
    expect(body).toMatchObject({ total: 1, items: [{ action: 'user.create', targetName: 'dora', actorName: 'root' }] });
  });
});

describe('a body that is too large', () => {
  it('is refused, and of strangers far sooner', async () => {
    const stranger = { method: 'POST', path: '/session', body: { name: 'x'.repeat(70_000) } } as const;
    expect((await bench.ask(stranger)).body.error).toMatchObject({ code: 'payload_too_large' });
    const known = { method: 'PUT', path: '/settings', as: admin, body: 'x'.repeat(9_000_000) } as const;
    expect((await bench.ask(known)).status).toBe(413);
    expect((await bench.ask({ method: 'POST', path: '/import', as: admin, body: ' '.repeat(3_000_000) })).status).toBe(
      413,
    );
  });
});

describe('HEAD', () => {
  it('answers at once, even where GET would go on', async () => {
    for (const path of ['/deployments', '/deployments?watch=true', '/status']) {
      const { status, text } = await bench.ask({ method: 'HEAD', path, as: admin });
      expect([path, status, text]).toEqual([path, 200, '']);
    }
  });
});

describe('the documents', () => {
  it('are for whoever is let in at all', async () => {
    const app = Fastify();
    registerDocuments(app, { routes: managementRoutes, version: '1.2.3', authenticate: bench.accounts.authenticate });
    for (const kind of ['session of a user', 'inference key of an administrator', 'flag key', 'nobody'] as const) {
      const { headers } = await bench.asker(kind);
      // A browser sends its cookie and nothing else.
      const { 'x-csrf-token': _, ...shown } = headers;
      const page = await app.inject({ url: '/api/docs', headers: shown });
      const document = await app.inject({ url: '/api/openapi.json', headers: shown });
      expect([kind, page.statusCode, document.statusCode]).toEqual([
        kind,
        ...(kind === 'nobody' ? [401, 401] : [200, 200]),
      ]);
      if (kind === 'nobody') continue;
      expect(page.headers['content-security-policy']).toContain("default-src 'none'");
      expect(page.body).not.toMatch(/<script|javascript:|\son\w+=/i);
      for (const { path } of managementRoutes) expect(page.body).toContain(`/api/v1${path}`);
      expect(document.json()).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
    }
  });
});

describe('the OpenAPI document', () => {
  const document = openapiOf(managementRoutes, '1.2.3');

  it('refers only to what is in it, and names every operation once', () => {
    const text = JSON.stringify(document);
    const { components } = document;
    const parts = isObject(components) ? components : {};
    for (const [, kind = '', name = ''] of text.matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)) {
      const group = parts[kind];
      expect(isObject(group) && Object.hasOwn(group, name), `${kind}/${name}`).toBe(true);
    }
    const ids = [...text.matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(managementRoutes.length);
  });

  it('holds every route, and the same title never means two things', () => {
    const paths = isObject(document['paths']) ? document['paths'] : {};
    const operations = Object.values(paths).flatMap((path) => Object.keys(isObject(path) ? path : {}));
    expect(operations).toHaveLength(managementRoutes.length);
    const titles = new Map<string, string>();
    for (const { body, reply } of managementRoutes)
      JSON.stringify([body, reply], (_key, value: unknown) => {
        if (!isObject(value) || typeof value['title'] !== 'string') return value;
        const text = JSON.stringify(value);
        expect(titles.get(value['title']) ?? text, value['title']).toBe(text);
        titles.set(value['title'], text);
        return value;
      });
    expect(titles.size).toBeGreaterThan(15);
  });
});
