/** Every route × every kind of caller, every route × every way to say it wrong, and what each one answers. */

import type { IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isObject } from '../../base/json.ts';
import type { CaptureId } from '../../fleet/capture.ts';
import { insertCaptures } from '../../store/captures.ts';
import { checkInput } from './check-input.ts';
import { isApiKeyId } from './find.ts';
import {
  type Asker,
  type AskerKind,
  askerKinds,
  type ManagementBench,
  openManagement,
  type Question,
} from './fixtures/management-bench.ts';
import { managementRoutes } from './management-routes.ts';
import type { Route } from './route.ts';

let bench: ManagementBench;
let admin: Asker;
beforeAll(async () => {
  bench = await openManagement();
  admin = await bench.asker('session of an administrator');
  await bench.fleet.create({ name: 'routed', source: { kind: 'bundled' } }, undefined);
});
afterAll(() => bench.close());

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;
const local = { kind: 'local', path: '/nowhere/else.gguf' };

/** A body that each route takes; a new route without one fails below. */
const bodies: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'POST /setup': { token: 'not-a-token', password: 'long enough for a password' },
  'POST /session': { name: 'root', password: 'wrong' },
  'PUT /me/password': { currentPassword: 'a', newPassword: 'b' },
  'POST /users': { name: 'bob', role: 'user' },
  'PATCH /users/:id': { fullName: 'Ann Other' },
  'PUT /users/:id/password': { password: 'a-new-and-long-password' },
  'POST /keys': { name: 'mine' },
  'PATCH /keys/:id': { name: 'renamed' },
  'POST /deployments': { source: { kind: 'bundled' }, name: 'made' },
  'PUT /deployments/:id': { source: { kind: 'bundled' } },
  'PATCH /deployments/:id': { replicas: 2 },
  'POST /deployments/:id/scale': { replicas: 3 },
  'POST /deployments/:id/clone': { name: 'copy' },
  'POST /estimates': { source: { kind: 'bundled' } },
  'POST /routes': { name: 'made-route', targets: [{ deployment: 'routed' }] },
  'PUT /routes/:id': { name: 'replaced-route', targets: [{ deployment: 'routed', weight: 2 }] },
  'PATCH /routes/:id': { description: 'changed' },
  'POST /import': { deployments: [{ source: { kind: 'bundled' }, name: 'imported' }] },
  'PATCH /devices/:id': { isCordoned: true },
  'POST /engines': { name: 'vllm', version: '0.32.0' },
  'POST /downloads': { source: { kind: 'bundled' } },
  'PUT /settings': { allowedHosts: [], pathRoots: [] },
  'PUT /settings/secrets/:name': { value: 'hf_0123456789abcdef' },
};
/** Queries without which a route only refuses. */
const queries: Readonly<Record<string, string>> = {
  'GET /hubs/:hub/files': '?repository=a/b',
  'GET /hubs/:hub/card': '?repository=a/b',
};
/** Refused although the caller may: sign-in with a wrong password, a link that is none, no provider. */
const refusals: Readonly<Record<string, number>> = {
  'POST /setup': 401,
  'POST /session': 401,
  'GET /oidc/start': 404,
  'GET /oidc/callback': 404,
  'PUT /me/password': 400,
};

/** A question that the route can answer, about things made for it. */
async function questionFor(route: Route): Promise<Question> {
  const body = bodies[nameOf(route)];
  const ids = await idsFor(route);
  const path = route.path.replaceAll(/:(\w+)/g, (_, name) => encodeURIComponent(ids[String(name)] ?? ''));
  return { method: route.method, path: path + (queries[nameOf(route)] ?? ''), ...(body && { body }) };
}

let made = 0;
async function idsFor({ path }: Route): Promise<Readonly<Record<string, string>>> {
  const { fleet, keyOf, user } = bench;
  const name = `thing-${made++}`;
  if (path.startsWith('/deployments'))
    return { id: (await fleet.create({ name, source: { kind: 'bundled' } }, undefined)).deployment.id };
  if (path.startsWith('/instances')) {
    const { instances } = await fleet.create({ name, source: { kind: 'bundled' } }, undefined);
    return { id: instances[0]?.id ?? '' };
  }
  if (path.startsWith('/routes')) return { id: await onlyRoute(name) };
  if (path.startsWith('/users')) return { id: (await bench.addUser(name, 'user')).id };
  if (path.startsWith('/captures')) return { id: await captureOf((await keyOf(user, ['inference'])).id) };
  if (path.startsWith('/keys')) return { id: (await keyOf(user, ['inference'])).id };
  if (path.startsWith('/devices')) return { id: 'cuda:0' };
  if (path.startsWith('/engines')) return { id: (await bench.parts.engines.install({ name: 'vllm' })).id };
  if (path.startsWith('/downloads')) return { id: (await fleet.pull({ kind: 'bundled' })).id };
  if (path.startsWith('/model-files')) return { id: 'mf_1' };
  if (path.startsWith('/settings')) return { name: 'huggingface-token' };
  return { hub: 'auto' };
}

/** Names of routes are taken once: all earlier ones go. */
async function onlyRoute(name: string): Promise<string> {
  const { routes } = bench.parts;
  for (const { route } of routes.list()) await routes.remove(route.id);
  const targets = [{ deployment: 'routed', weight: 1 }];
  return (await routes.create({ name, targets, fallbacks: [] })).route.id;
}

async function captureOf(keyId: string): Promise<string> {
  const id = `cap_${String(made).padStart(16, '0')}` as CaptureId;
  if (!isApiKeyId(keyId)) return id;
  const facts = { atMs: 1, model: 'nano', outcome: 'stop', durationMs: 1, promptTokens: 1, completionTokens: 1 };
  const captured = { capture: { id, keyId, ...facts, sizeBytes: 2 }, transcript: '{}' };
  await insertCaptures(bench.store.db, [captured], { maxRequests: 9, maxBytes: 999 });
  return id;
}

/** Who may, written out a second time; whatever is not named here is for administrators. */
const forEverybody = ['GET /setup', 'POST /setup', 'POST /session', 'GET /oidc/start', 'GET /oidc/callback'];
const forUsers = [
  'DELETE /session',
  'GET /me',
  'GET /keys',
  'GET /keys/:id',
  'POST /keys',
  'PATCH /keys/:id',
  'DELETE /keys/:id',
  'GET /keys/:id/captures',
  'GET /captures/:id',
  'GET /usage',
  'GET /deployments',
  'GET /deployments/:id',
  'GET /routes',
  'GET /routes/:id',
  'GET /instances',
  'GET /instances/:id',
  'GET /catalogue',
  'GET /status',
];
const forPersons = ['PUT /me/password'];

function isOpenTo(name: string, kind: AskerKind): boolean {
  if (forEverybody.includes(name)) return true;
  if (forPersons.includes(name)) return kind.startsWith('session');
  const manages = kind.startsWith('session') || kind.startsWith('management');
  return manages && (forUsers.includes(name) || kind.includes('administrator'));
}

describe('every route × every caller', () => {
  for (const route of managementRoutes)
    for (const kind of askerKinds)
      it(`${nameOf(route)} by ${kind}`, async () => {
        const { headers } = await bench.asker(kind);
        const question = { ...(await questionFor(route)), as: headers, body: { '': 1 } };
        const { status, body } = await bench.ask(question);
        const refusal = kind === 'nobody' ? [401, 'unauthenticated'] : [403, 'forbidden'];
        if (isOpenTo(nameOf(route), kind)) expect([401, 403], JSON.stringify(body)).not.toContain(status);
        else expect([status, body?.error.code]).toEqual(refusal);
      });

  it('names only routes that are there', () => {
    const names = managementRoutes.map(nameOf);
    expect([...forEverybody, ...forUsers, ...forPersons].filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe('every route answers as it says', () => {
  for (const route of managementRoutes)
    it(nameOf(route), async () => {
      const asker = route.path === '/session' ? await bench.asker('session of an administrator') : admin;
      const before = bench.auditLines.length;
      const question = await questionFor(route);
      const { status, body, headers, text } = await bench.ask({ ...question, as: asker.headers });
      const refusal = refusals[nameOf(route)];
      expect([status, refusal === undefined ? body?.error : '']).toEqual([
        refusal ?? route.status,
        refusal === undefined ? undefined : '',
      ]);
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['x-request-id']).toMatch(/^req_/);
      if (refusal !== undefined) return;
      if (route.reply !== undefined) checkInput(route.reply, body);
      if (route.status === 204) expect(text).toBe('');
      const written = bench.auditLines.slice(before).map((line) => JSON.parse(line));
      expect(written.map(({ action }) => action)).toEqual(route.audit === undefined ? [] : [route.audit]);
      expect(
        written.every((entry) => entry.actorId === bench.admin.id && entry.requestId === headers['x-request-id']),
      ).toBe(true);
    });
});

describe('every list is sorted by every field it names', () => {
  for (const route of managementRoutes) {
    const sort: unknown = 'page' in route.query ? route.query['sort'] : undefined;
    const fields = isObject(sort) && Array.isArray(sort['enum']) ? sort['enum'].map(String) : [];
    for (const field of fields)
      it(`${nameOf(route)} by ${field}`, async () => {
        const { path } = await questionFor(route);
        const { status } = await bench.ask({ path: `${path}?sort=${field}`, as: admin.headers });
        expect(status).toBe(200);
      });
  }
});

describe('every change', () => {
  it('is named for the audit log', () => {
    const silent = managementRoutes.filter(({ method, audit }) => method !== 'GET' && audit === undefined);
    expect(silent.map(nameOf)).toEqual(['POST /estimates']);
  });
});

/** What is asked, and the field that the answer must name. */
interface Wrong {
  readonly what: string;
  readonly change: Partial<Question>;
  readonly code: string;
  readonly param?: string;
}

function wrongBodies(route: Route): readonly Wrong[] {
  const sample = bodies[nameOf(route)];
  const schema: unknown = route.body;
  if (sample === undefined || !isObject(schema)) return [];
  const unknown = route.method === 'PATCH' && !isObject(schema['properties']);
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
  const fields = isObject(schema['properties']) ? Object.keys(schema['properties']) : Object.keys(sample);
  return [
    ...required.map((field) => {
      const { [field]: _, ...rest } = sample;
      return { what: `without ${field}`, change: { body: rest }, code: 'missing_field', param: field };
    }),
    { what: 'with a field too many', change: { body: { ...sample, zzz: 1 } }, code: 'unsupported_field', param: 'zzz' },
    ...fields.map((field) => ({
      what: `with ${field} of a wrong type`,
      change: { body: { ...sample, [field]: [{}] } },
      code: ['deployments', 'routes', 'targets'].includes(field) ? 'missing_field' : 'invalid',
      param: field,
    })),
    { what: 'with a list', change: { body: [] }, code: 'invalid_type' },
    ...(unknown ? [] : [{ what: 'with null', change: { body: 'null' }, code: 'invalid_type' }]),
    { what: 'with broken JSON', change: { body: '{"a": [' }, code: 'invalid_json' },
    { what: 'with bytes', change: { body: '\u0000\u0001' }, code: 'invalid_' },
  ];
}

function wrongQueries(route: Route): readonly Wrong[] {
  if (route.takesAnyQuery) return [];
  const joint = queries[nameOf(route)] === undefined ? '?' : '&';
  const numbers = Object.entries(route.query).filter(([, schema]) => 'type' in schema && schema.type !== 'string');
  return [
    { what: 'with an unknown query', change: { path: `${joint}zzz=1` }, code: 'unsupported_field', param: 'zzz' },
    ...numbers.map(([name]) => ({
      what: `with ${name}=x`,
      change: { path: `${joint}${name}=x` },
      code: 'invalid_type',
      param: name,
    })),
    ...Object.keys(route.query)
      .slice(0, 1)
      .map((name) => ({
        what: `with ${name} twice`,
        change: { path: `${joint}${name}=1&${name}=2` },
        code: 'invalid_value',
        param: name,
      })),
    ...('sort' in route.query
      ? [{ what: 'sorted by a secret', change: { path: `${joint}sort=keyHash` }, code: 'invalid_value', param: 'sort' }]
      : []),
  ];
}

describe('every route with bad input', () => {
  for (const route of managementRoutes) {
    for (const { what, change, code, param } of [...wrongBodies(route), ...wrongQueries(route)])
      it(`${nameOf(route)} ${what}`, async () => {
        const good = await questionFor(route);
        const path = good.path + (change.path ?? '');
        const { status, body } = await bench.ask({ ...good, ...change, path, as: admin.headers });
        expect([status, body.error.code]).toEqual([400, expect.stringContaining(code)]);
        if (param !== undefined) expect(body.error.param).toMatch(new RegExp(`^${param}\\b`));
        expect(body.error).toMatchObject({
          message: expect.any(String),
          type: 'invalid_request_error',
          request_id: expect.stringMatching(/^req_/),
        });
      });

    if (bodies[nameOf(route)] === undefined && route.method !== 'GET')
      it(`${nameOf(route)} with a body that nobody asked for`, async () => {
        const { status, body } = await bench.ask({
          ...(await questionFor(route)),
          as: admin.headers,
          body: { force: true },
        });
        expect([status, body.error.code, body.error.param]).toEqual([400, 'unsupported_field', 'force']);
      });

    if (route.path.includes(':'))
      it.each([
        '..%2f..%2fetc%2fpasswd',
        '%2fetc%2fpasswd',
        'a%00b',
        '~root',
        'x'.repeat(400),
        'usr_0',
        "'; drop table users",
      ])(`${nameOf(route)} of %s`, async (id) => {
        const path = route.path.replaceAll(/:\w+/g, id) + (queries[nameOf(route)] ?? '');
        const { status, body } = await bench.ask({
          method: route.method,
          path,
          body: bodies[nameOf(route)],
          as: admin.headers,
        });
        expect([400, 404]).toContain(status);
        expect(body.error.code).toMatch(/^(invalid_value|not_found)$/);
      });
  }

  it('has a sample of every body', () => {
    const withBody = managementRoutes.filter(({ body }) => body !== undefined).map(nameOf);
    expect(withBody.filter((name) => bodies[name] === undefined)).toEqual([]);
  });
});

describe('anything at all', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('../x', '__proto__', '\0', '"'),
  );
  const anyJson = fc.oneof(fc.jsonValue({ maxDepth: 3 }), anyText);
  for (const route of managementRoutes)
    it(`${nameOf(route)} never breaks`, async () => {
      const kind = forPersons.includes(nameOf(route)) ? 'session' : 'management key';
      const { headers: as } = await bench.asker(`${kind} of an administrator`);
      const good = await questionFor(route);
      const { method } = route;
      const sample = bodies[nameOf(route)] ?? {};
      const field = fc.constantFrom(...Object.keys(sample), 'constructor');
      const wrong = fc.record({ field, value: anyJson, whole: fc.boolean(), name: anyText, id: anyText });
      await fc.assert(
        fc.asyncProperty(wrong, async ({ field: key, value, whole, name, id }) => {
          const body = whole ? JSON.stringify(value) : { ...sample, [key]: value };
          const path = route.path.replaceAll(/:\w+/g, () => encodeURIComponent(id) || 'x');
          const query = `?${encodeURIComponent(key)}=${encodeURIComponent(name)}`;
          const answers = [
            await bench.ask({ method, path: good.path, as, body }),
            await bench.ask({ method, path: path + query, as, body: sample }),
          ];
          // A wrong password is a 401 too.
          const broken = route.action === 'open' ? [403, 500] : [401, 403, 500];
          for (const { status } of answers) expect(broken).not.toContain(status);
        }),
        { seed: 16, numRuns: 15 },
      );
    });
});

describe('other methods', () => {
  it.each([...new Set(managementRoutes.map(({ path }) => path))])('%s', async (path) => {
    const handled = managementRoutes.filter((route) => route.path === path).map(({ method }) => method);
    const refused = (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).filter((method) => !handled.includes(method));
    for (const method of refused) {
      const { status, headers, body } = await bench.ask({
        method,
        path: path.replaceAll(/:\w+/g, 'x'),
        as: admin.headers,
      });
      expect([status, body.error.code]).toEqual([405, 'method_not_allowed']);
      const allowed = handled.flatMap((one): string[] => (one === 'GET' ? ['GET', 'HEAD'] : [one]));
      expect(headers['allow']?.split(', ').sort()).toEqual(allowed.sort());
    }
  });
});

describe('what a key must not outlive', () => {
  const list = (as: IncomingHttpHeaders) => bench.ask({ path: '/keys', as });

  it('is refused once revoked, expired, or its owner disabled', async () => {
    const owner = await bench.addUser('eve', 'user');
    const { id, headers } = await bench.keyOf(owner, ['management']);
    expect((await list(headers)).status).toBe(200);
    await bench.ask({ method: 'DELETE', path: `/keys/${id}`, as: admin.headers });
    expect((await list(headers)).body.error.code).toBe('invalid_api_key');

    const other = await bench.keyOf(owner, ['management']);
    await bench.ask({
      method: 'PATCH',
      path: `/keys/${other.id}`,
      as: admin.headers,
      body: { expiresAt: bench.clock.unixSeconds() + 10 },
    });
    expect((await list(other.headers)).status).toBe(200);
    bench.clock.advance(11);
    expect((await list(other.headers)).body.error.code).toBe('invalid_api_key');

    const third = await bench.keyOf(owner, ['management']);
    await bench.ask({ method: 'PATCH', path: `/users/${owner.id}`, as: admin.headers, body: { isDisabled: true } });
    expect((await list(third.headers)).body.error.code).toBe('invalid_api_key');
  });
});

it('knows no path outside the sources by accident', async () => {
  const { status, body } = await bench.ask({
    method: 'POST',
    path: '/deployments',
    as: admin.headers,
    body: { source: local },
  });
  expect([status, body.error.param]).toEqual([400, 'source.path']);
});
