import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { RequestError } from '../../base/errors.ts';
import { RouteDesk } from '../../operating/traffic/route-desk.ts';
import { type ManagementBench, openManagement } from './fixtures/management-bench.ts';

let bench: ManagementBench;
let as: ManagementBench['admin'] extends never ? never : Awaited<ReturnType<ManagementBench['asker']>>['headers'];
beforeEach(async () => {
  bench = await openManagement();
  as = (await bench.asker('session of an administrator')).headers;
});
afterEach(() => bench.close());

const bundled = { kind: 'bundled' } as const;
const importFile = (body: unknown, query = '') => bench.ask({ method: 'POST', path: `/import${query}`, as, body });
const names = () => bench.fleet.deployments().map(({ deployment }) => deployment.name);

describe('export', () => {
  it('says what differs from the defaults, and no secret', async () => {
    await bench.fleet.create(
      {
        name: 'b',
        source: bundled,
        replicas: 2,
        environment: { HF_TOKEN: 'hf_secret', TOKENIZERS_PARALLELISM: '4' },
        backendParameters: [
          ...['--mlock', '--my-secret=hf_secret', '--rpc-key', 'hf_secret', '--eos-token=x'],
          ...['--rpc-key hf_secret', '--mmap --my-secret "hf_secret"', '--no-mmap --rpc-key', 'hf_secret'],
        ],
      },
      undefined,
    );
    bench.fleet.declare({
      ...(await bench.fleet.create({ name: 'a', source: bundled }, undefined)).deployment,
      name: 'c',
    });
    const { status, text, headers } = await bench.ask({ path: '/export', as });
    expect([status, headers['content-type']]).toEqual([200, 'application/yaml; charset=utf-8']);
    expect(text).not.toContain('hf_secret');
    expect(parse(text)).toEqual({
      deployments: [
        { name: 'a', source: bundled },
        {
          name: 'b',
          source: bundled,
          replicas: 2,
          environment: { HF_TOKEN: null, TOKENIZERS_PARALLELISM: '4' },
          backendParameters: ['--mlock', '--eos-token=x'],
        },
      ],
    });
  });
});

describe('import', () => {
  it('makes what is new, replaces what differs, leaves the rest', async () => {
    await bench.fleet.create({ name: 'same', source: bundled }, undefined);
    const environment = { HF_TOKEN: 'kept' };
    const { deployment } = await bench.fleet.create({ name: 'old', source: bundled, environment }, undefined);
    const file = `deployments:
  - { name: same, source: { kind: bundled } }
  - { name: old, source: { kind: bundled }, replicas: 3, environment: { HF_TOKEN: null } }
  - { name: new, source: { kind: hub, hub: auto, repository: Qwen/Qwen3-8B-GGUF } }
`;
    const none = { created: [], updated: [], unchanged: [] };
    const changes = { created: ['new'], updated: [{ name: 'old', fields: 'replicas' }], unchanged: ['same'] };
    const report = { ...changes, routes: none };
    expect((await importFile(file, '?dryRun=true')).body).toEqual({ dryRun: true, ...report });
    expect(names()).toEqual(['same', 'old']);
    expect(bench.auditLines).toEqual([]);

    expect((await importFile(file)).body).toEqual({ dryRun: false, ...report });
    expect(names()).toEqual(['same', 'old', 'new']);
    expect(bench.fleet.find('old')?.deployment).toMatchObject({ id: deployment.id, replicas: 3, environment });
    const entries = bench.auditLines.map((line) => JSON.parse(line));
    expect(entries.map(({ targetName, detail }) => [targetName, detail])).toEqual([
      ['old', 'replicas'],
      ['new', 'created'],
    ]);
  });

  it('takes back what was done when a part fails', async () => {
    await bench.fleet.create({ name: 'old', source: bundled, replicas: 1 }, undefined);
    bench.fleet.breakFor('broken');
    const deployments = [
      { name: 'new', source: bundled },
      { name: 'old', source: bundled, replicas: 5 },
      { name: 'broken', source: bundled },
    ];
    expect((await importFile({ deployments })).status).toBe(409);
    expect(names()).toEqual(['old']);
    expect(bench.fleet.find('old')?.deployment.replicas).toBe(1);
  });

  it.each([
    [{ deployments: [{ name: 'a', source: bundled }, { name: 'b' }] }, 'missing_field', 'deployments[1].source'],
    [{ deployments: [{ name: 'a', source: bundled, backend: 'ray' }] }, 'invalid_value', 'deployments[0].backend'],
    [
      { deployments: [{ name: 'a', source: { kind: 'local', path: '/etc/passwd' } }] },
      'invalid_value',
      'deployments[0].source.path',
    ],
    [
      { deployments: [{ name: 'a', source: bundled, environment: { A: null } }] },
      'missing_field',
      'deployments[0].environment.A',
    ],
    [
      { deployments: [{ name: 'a', source: bundled, environment: { toString: null } }] },
      'missing_field',
      'deployments[0].environment.toString',
    ],
    [
      {
        deployments: [
          { name: 'a', source: bundled },
          { name: 'b', aliases: ['a'], source: bundled },
        ],
      },
      'name_taken',
      'deployments[1].name',
    ],
    [{ deployments: [{ name: 'x', aliases: ['there'], source: bundled }] }, 'name_taken', 'deployments[0].name'],
    [{ deployments: [{ name: 'declared', source: bundled }] }, 'conflict', 'deployments[0].name'],
    [{ deployments: [] }, 'missing_field', 'deployments'],
    ['deployments: [&a [*a]]', 'invalid_json', null],
    ['a: &a [x]\nb: *a', 'invalid_json', null],
    [`${'['.repeat(20_000)}`, 'invalid_json', null],
    ['deployments: {', 'invalid_json', null],
    ['deployments: []\ndeployments: []', 'invalid_json', null],
    ['deployments:\n  - name: a\n    replicas: 1\n    replicas: 2', 'invalid_json', null],
    [`deployments: ${'['.repeat(200)}${']'.repeat(200)}`, 'json_too_deep', null],
    [`# ${'x'.repeat(300_000)}`, 'payload_too_large', null],
    ['', 'missing_field', 'deployments'],
  ])('refuses %j whole', async (file, code, param) => {
    const { deployment } = await bench.fleet.create({ name: 'there', source: bundled }, undefined);
    bench.fleet.declare({ ...deployment, name: 'declared' });
    const { body } = await importFile(file);
    expect([body.error.code, body.error.param]).toEqual([code, param]);
    expect(names()).toEqual(['there', 'declared']);
  });

  it('says where YAML goes wrong', async () => {
    const { body } = await importFile('deployments:\n  - name: a\n    name: b\n');
    expect(body.error.message).toBe("The body is neither YAML nor JSON: 'name' stands twice (line 3)");
    const { body: other } = await importFile('deployments:\n  - name: [a\n');
    expect(other.error.message).toMatch(/\(line [23]\)$/);
  });

  it('takes large files as JSON', async () => {
    const deployments = Array.from({ length: 5 }, (_, index) => ({
      name: `large-${index}`,
      source: bundled,
      chatTemplate: 'x'.repeat(200_000),
    }));
    expect((await importFile({ deployments })).body.created).toHaveLength(5);
  });
});

describe('routes in a file', () => {
  const route = { name: 'chat', targets: [{ deployment: 'a', weight: 3 }], fallbacks: ['b'] };
  const send = (method: 'POST' | 'PUT' | 'PATCH', path: string, body: unknown) => bench.ask({ method, path, as, body });
  const routes = () => bench.parts.routes.list().map(({ route: { name, targets } }) => [name, targets]);
  const deployments = ['a', 'b'].map((name) => ({ name, source: bundled }));

  it('go out beside their deployments, and come back with them', async () => {
    for (const body of deployments) await send('POST', '/deployments', body);
    await send('POST', '/routes', { ...route, description: 'for agents' });
    await send('POST', '/routes', { name: 'bare', targets: [{ deployment: 'b' }] });
    const file = (await bench.ask({ path: '/export', as })).text;
    const shown = [
      { name: 'bare', targets: [{ deployment: 'b', weight: 1 }] },
      { ...route, description: 'for agents' },
    ];
    expect(parse(file)).toEqual({ deployments, routes: shown });
    expect((await importFile(file)).body).toMatchObject({
      ...{ created: [], unchanged: ['a', 'b'] },
      routes: { created: [], updated: [], unchanged: ['bare', 'chat'] },
    });
    for (const { route: one } of bench.parts.routes.list()) await bench.parts.routes.remove(one.id);
    for (const { deployment } of bench.fleet.deployments()) await bench.fleet.remove(deployment.id, false);
    const back = await importFile(file);
    expect(back.body).toMatchObject({ created: ['a', 'b'], routes: { created: ['bare', 'chat'] } });
    expect((await bench.ask({ path: '/export', as })).text).toBe(file);
  });

  it('are changed in place, and only said to be with dryRun', async () => {
    for (const body of deployments) await send('POST', '/deployments', body);
    const { id } = (await send('POST', '/routes', route)).body;
    const file = { routes: [{ ...route, targets: [{ deployment: 'b' }] }] };
    const told = { created: [], updated: [{ name: 'chat', fields: 'targets' }], unchanged: [] };
    expect((await importFile(file, '?dryRun=true')).body).toMatchObject({ dryRun: true, routes: told });
    expect(routes()).toEqual([['chat', route.targets]]);
    expect((await importFile(file)).body).toMatchObject({ dryRun: false, routes: told });
    expect(bench.parts.routes.find(id)?.route).toMatchObject({
      revision: 2,
      targets: [{ deployment: 'b', weight: 1 }],
    });
    expect(JSON.parse(bench.auditLines.at(-1) ?? '')).toMatchObject({ targetId: id, detail: 'targets' });
  });

  it('are taken back, new and changed, where a part fails', async () => {
    for (const body of deployments) await send('POST', '/deployments', body);
    await send('POST', '/routes', route);
    const { routes: desk } = bench.parts;
    const create = vi.spyOn(desk, 'create');
    create.mockImplementation((spec) => {
      if (spec.name === 'broken') throw new RequestError('name_taken', 'Somebody was faster.');
      return RouteDesk.prototype.create.call(desk, spec);
    });
    const file = {
      deployments: [{ name: 'c', source: bundled }],
      routes: [
        { name: 'fresh', targets: [{ deployment: 'c' }] },
        { ...route, fallbacks: ['c'] },
        { name: 'broken', targets: [{ deployment: 'c' }] },
      ],
    };
    expect((await importFile(file)).body.error.code).toBe('name_taken');
    create.mockRestore();
    expect([names(), routes()]).toEqual([['a', 'b'], [['chat', route.targets]]]);
    expect(desk.find('chat')?.route.fallbacks).toEqual(['b']);
  });

  const other = { name: 'other', targets: [{ deployment: 'a' }] };
  it.each([
    [{ routes: [] }, 'missing_field', 'deployments'],
    [{ routes: [other, { ...other, targets: [{ deployment: 'none' }] }] }, 'name_taken', 'routes[1].name'],
    [{ routes: [{ ...other, targets: [{ deployment: 'none' }] }] }, 'invalid_value', 'routes[0].targets[0].deployment'],
    [{ routes: [{ ...other, fallbacks: ['none'] }] }, 'invalid_value', 'routes[0].fallbacks[0]'],
    [{ routes: [{ ...other, name: 'a' }] }, 'name_taken', 'routes[0].name'],
    [{ deployments: [{ name: 'other', source: bundled }], routes: [other] }, 'name_taken', 'routes[0].name'],
    [{ routes: [{ ...other, targets: [] }] }, 'invalid_value', 'routes[0].targets'],
    [{ routes: [{ ...other, targets: [{ deployment: 'a', weight: 0 }] }] }, 'invalid_value', 'routes[0].targets'],
  ])('are refused whole: %j', async (file, code, param) => {
    await send('POST', '/deployments', deployments[0]);
    const { body } = await importFile(file);
    expect([body.error.code, body.error.param]).toEqual([code, param]);
    expect([names(), routes()]).toEqual([['a'], []]);
  });
});
