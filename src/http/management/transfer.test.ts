import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
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
    const report = { created: ['new'], updated: [{ name: 'old', fields: 'replicas' }], unchanged: ['same'] };
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
    [{ deployments: [] }, 'invalid_value', 'deployments'],
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
