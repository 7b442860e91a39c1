/** Routes over the management API: names that stand for several deployments. */

import { beforeEach, describe, expect, it } from 'vitest';
import { type ManagementBench, openManagement, type Question } from './fixtures/management-bench.ts';

let bench: ManagementBench;
let admin: Question['as'];
beforeEach(async () => {
  bench = await openManagement();
  admin = (await bench.asker('session of an administrator')).headers;
  for (const name of ['big', 'small'])
    await bench.fleet.create({ name, aliases: [`${name}-alias`], source: { kind: 'bundled' } }, undefined);
  return () => bench.close();
});

const ask = (method: Question['method'] & string, path: string, body?: unknown, headers = {}) =>
  bench.ask({ method, path, as: { ...admin, ...headers }, ...(body !== undefined && { body }) });

const wish = { name: 'chat', targets: [{ deployment: 'big', weight: 3 }, { deployment: 'small-alias' }] };

describe('routes', () => {
  it('are made, read by name, listed, changed and removed, and all of it is audited', async () => {
    const made = await ask('POST', '/routes', wish);
    expect(made).toMatchObject({ status: 201, headers: { etag: '"1"' } });
    expect(made.body).toMatchObject({
      name: 'chat',
      spec: { targets: [{ weight: 3 }, { deployment: 'small-alias', weight: 1 }], fallbacks: [] },
      warnings: [],
    });
    expect((await ask('GET', '/routes/chat')).body).toEqual(made.body);
    expect((await ask('GET', '/routes')).body).toMatchObject({ total: 1, items: [made.body] });
    const patched = await ask('PATCH', '/routes/chat', { fallbacks: ['small'], description: 'for agents' });
    expect(patched.body).toMatchObject({ revision: 2, spec: { fallbacks: ['small'], description: 'for agents' } });
    const replaced = await ask('PUT', `/routes/${made.body.id}`, { ...wish, name: 'talk' });
    expect(replaced.body).toMatchObject({ name: 'talk', revision: 3, spec: { fallbacks: [] } });
    expect((await ask('DELETE', '/routes/talk')).status).toBe(204);
    expect((await ask('GET', '/routes')).body.total).toBe(0);
    const actions = bench.auditLines.map((line) => JSON.parse(line).action);
    expect(actions).toEqual(['route.create', 'route.edit', 'route.edit', 'route.delete']);
  });

  it('are not changed by somebody who read an earlier revision', async () => {
    await ask('POST', '/routes', wish);
    await ask('PATCH', '/routes/chat', { description: 'mine' }, { 'if-match': '"1"' });
    const late = await ask('PATCH', '/routes/chat', { description: 'yours' }, { 'if-match': '"1"' });
    expect(late).toMatchObject({ status: 412, body: { error: { code: 'changed_meanwhile' } } });
  });

  it.each([
    ['a name of a deployment', { ...wish, name: 'big' }, 409, 'name'],
    ['an alias of one', { ...wish, name: 'small-alias' }, 409, 'name'],
    ['a target that is not deployed', { ...wish, targets: [{ deployment: 'none' }] }, 400, 'targets[0].deployment'],
    ['a fallback that is not deployed', { ...wish, fallbacks: ['big', 'none'] }, 400, 'fallbacks[1]'],
    ['nobody who would answer', { ...wish, targets: [{ deployment: 'big', weight: 0 }] }, 400, 'targets'],
    ['no targets', { ...wish, targets: [] }, 400, 'targets'],
    ['a weight below nothing', { ...wish, targets: [{ deployment: 'big', weight: -1 }] }, 400, 'targets[0].weight'],
    ['a field that is none', { ...wish, colour: 'red' }, 400, 'colour'],
  ])('are refused with %s', async (_, body, status, param) => {
    const answer = await ask('POST', '/routes', body);
    expect([answer.status, answer.body.error.param]).toEqual([status, param]);
    expect((await ask('GET', '/routes')).body.total).toBe(0);
  });

  it('are made once, however many ask for one name at the same moment', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => ask('POST', '/routes', wish)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  });

  it('say which of their targets are gone', async () => {
    await ask('POST', '/routes', wish);
    const { deployment } = bench.fleet.find('big') ?? {};
    if (deployment !== undefined) await bench.fleet.remove(deployment.id, false);
    expect((await ask('GET', '/routes/chat')).body.warnings).toEqual([
      "No deployment answers to 'big' any more; it is left out.",
    ]);
  });
});
