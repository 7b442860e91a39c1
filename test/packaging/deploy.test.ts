/** The files of `deploy/`: what they say of each other and of the program is true. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { repository, runCommand } from '../end-to-end/running-server.ts';

const read = (name: string): string => readFileSync(join(repository, 'deploy', name), 'utf8');
const dockerfile = read('Dockerfile');
const unit = read('aimindserve.service');
const compose = parse(read('compose.yaml'));
const [service, set] = parseAllDocuments(read('kubernetes.yaml')).map((document) => document.toJS());
const pod = set.spec.template.spec;
const [container] = pod.containers;

const numberAfter = (text: string, name: string): number => Number(new RegExp(`${name}[= ]'?(\\d+)`).exec(text)?.[1]);

describe('deploy/Dockerfile', () => {
  it('copies what is there, and what its ignore file lets through', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) =>
      names.split(' '),
    );
    const passed = [...read('Dockerfile.dockerignore').matchAll(/^!(.+)$/gm)].map(([, name]) => name);
    expect(copied.filter((name) => !existsSync(join(repository, name)))).toEqual([]);
    expect([...new Set(copied)].sort()).toEqual([...passed].sort());
  });

  it('serves as a user that Kubernetes, too, takes for nobody special', () => {
    const { uid, gid } = /^USER (?<uid>\d+):(?<gid>\d+)$/m.exec(dockerfile)?.groups ?? {};
    expect(pod.securityContext).toMatchObject({
      runAsUser: Number(uid),
      runAsGroup: Number(gid),
      fsGroup: Number(gid),
    });
    expect(dockerfile.lastIndexOf('\nRUN')).toBeLessThan(dockerfile.indexOf('\nUSER'));
  });

  it('asks for its health in a way that works, and fails where nobody answers', async () => {
    const [, json = '[]'] = /^HEALTHCHECK[\s\S]*?CMD (\[.*\])$/m.exec(dockerfile) ?? [];
    const program: string[] = JSON.parse(json);
    expect((await runCommand([], { program, environment: { AIMINDSERVE_PORT: '1' } })).code).toBe(1);
  });
});

describe('drains', () => {
  it.each([
    [
      'compose.yaml',
      Number(compose.services.server.command[2]),
      Number.parseInt(compose.services.server.stop_grace_period, 10),
    ],
    ['aimindserve.service', numberAfter(unit, '--drain-timeout'), numberAfter(unit, 'TimeoutStopSec')],
    [
      'kubernetes.yaml',
      Number(container.args[2]) + Number(container.lifecycle.preStop.exec.command[1]),
      pod.terminationGracePeriodSeconds,
    ],
  ])('of deploy/%s end before the process is killed', (_name, drainSeconds, killedAfterSeconds) => {
    expect(drainSeconds).toBeGreaterThanOrEqual(60);
    // Streams that are cut say goodbye (1 s), engines end (2 s, and 3 s where they hang).
    expect(killedAfterSeconds).toBeGreaterThanOrEqual(drainSeconds + 10);
  });
});

describe('deploy/kubernetes.yaml', () => {
  it('sends requests to the port on which the program listens, and keeps its variables apart', () => {
    const [port] = container.ports;
    expect(service.spec.ports[0].targetPort).toBe(port.name);
    expect(dockerfile).toContain(`EXPOSE ${port.containerPort}`);
    expect(pod.enableServiceLinks).toBe(false);
    expect(set.spec.replicas).toBe(1);
  });
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

describe('deploy/aimindserve.service', () => {
  it.runIf(hasSystemd)('is understood by systemd (skipped where it is not installed)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'unit-'));
    try {
      const path = join(folder, 'aimindserve.service');
      writeFileSync(path, unit.replaceAll('/usr/local/bin/aimindserve', '/bin/true'));
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
      expect(stderr).not.toContain('aimindserve.service');
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('leaves engines alone when the server goes, and starts it again however it went', () => {
    for (const line of [
      'KillMode=process',
      'Restart=always',
      'OOMPolicy=continue',
      'ExecReload=/bin/kill -USR2 $MAINPID',
    ])
      expect(unit.split('\n')).toContain(line);
    // Both would keep Node or the engine from working.
    expect(unit).not.toMatch(/^(MemoryDenyWriteExecute|ProcSubset)=/m);
  });
});
