/** The start script against a stand-in repository with scripted npm and compiler, under every shell there is. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/run_assistant_server.sh', import.meta.url));

const shells: ReadonlyArray<readonly [name: string, command: readonly string[]]> = [
  ['sh', ['sh']],
  ['dash', ['dash']],
  ['busybox', ['busybox', 'sh']],
];
const isThere = (command: string): boolean => spawnSync(command, ['--help'], { stdio: 'ignore' }).error === undefined;

/** What the built program does in the stand-in: says how it was called, and waits for a signal if asked to. */
const program = `
if (process.argv.includes('--wait')) {
  process.on('SIGTERM', () => process.exit(42));
  setInterval(() => {}, 1000);
}
console.log(JSON.stringify({ words: process.argv.slice(2), folder: process.cwd(), pid: process.pid }));
`;
const compiler = `
const fs = require('node:fs');
fs.appendFileSync('calls.log', 'tsc\\n');
const out = process.argv[process.argv.indexOf('--outDir') + 1];
fs.mkdirSync(out + '/cli', { recursive: true });
fs.writeFileSync(out + '/cli/main.js', fs.readFileSync('src/main.ts'));
fs.writeFileSync(out + '/package.json', '{"type":"module"}');
`;
const npm = `#!/bin/sh
echo "npm $*" >>calls.log
[ ! -e slow-npm ] || sleep 2
[ ! -e broken-npm ] || exit 1
mkdir -p node_modules/typescript/bin
cp compiler.js node_modules/typescript/bin/tsc
echo '{"type":"commonjs"}' >node_modules/typescript/package.json
echo '{}' >node_modules/.package-lock.json
`;

const writeAll = (root: string, files: Record<string, string>): void => {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
};

describe.each(shells.filter(([, [command]]) => command !== undefined && isThere(command)))('under %s', (_, shell) => {
  let home = '';
  let root = '';
  let children: ChildProcess[] = [];

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'start script '));
    root = join(home, 'the repository');
    writeAll(root, {
      'src/main.ts': program,
      'tsconfig.json': '{}',
      'tsconfig.build.json': '{}',
      'package-lock.json': '{"version":1}',
      'compiler.js': compiler,
      'bin/npm': npm,
    });
    chmodSync(join(root, 'bin/npm'), 0o755);
    mkdirSync(join(root, 'scripts'));
    copyFileSync(script, join(root, 'scripts', 'run_assistant_server.sh'));
    // Older than anything that a test writes later, so that no test depends on the clock's grain.
    for (const name of ['src', 'src/main.ts', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'])
      utimesSync(join(root, name), 1_000_000_000, 1_000_000_000);
    children = [];
  });
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  });

  const environment = (): NodeJS.ProcessEnv => ({
    ...process.env,
    PATH: `${join(root, 'bin')}:${process.env['PATH']}`,
  });
  const start = (words: string[], options: { cwd?: string; path?: string; env?: NodeJS.ProcessEnv } = {}) => {
    const [command = 'sh', ...rest] = shell;
    const file = options.path ?? join(root, 'scripts', 'run_assistant_server.sh');
    const child = spawn(command, [...rest, file, ...words], {
      cwd: options.cwd ?? home,
      env: options.env ?? environment(),
    });
    children.push(child);
    const output = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      output.out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output.err += chunk.toString();
    });
    const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      child.once('close', (code) => resolve({ code, ...output }));
    });
    return { child, ended, output };
  };
  const calls = (): string[] =>
    existsSync(join(root, 'calls.log')) ? readFileSync(join(root, 'calls.log'), 'utf8').trim().split('\n') : [];
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it('installs, builds, and starts with the words it was given, in the folder it was called from', async () => {
    const { code, out, err } = await start(['--model', 'my model.gguf', '--port', '0']).ended;
    expect(err).toContain('installing');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      words: ['serve', '--model', 'my model.gguf', '--port', '0'],
      folder: home,
    });
    expect(calls()).toEqual([expect.stringMatching(/^npm ci --workspaces=false --ignore-scripts/), 'tsc']);
    expect(existsSync(join(root, '.state', 'setup.lock'))).toBe(false);
  });

  it('does nothing but start when nothing changed, and only what is needed when something did', async () => {
    await start([]).ended;
    const second = await start([]).ended;
    expect(second).toMatchObject({ code: 0, err: '' });
    expect(calls()).toHaveLength(2);

    appendFileSync(join(root, 'src/main.ts'), '// newer\n');
    expect((await start([]).ended).err).toContain('building');
    expect(calls()).toHaveLength(3);

    writeFileSync(join(root, 'package-lock.json'), '{"version":2}');
    expect((await start([]).ended).err).toContain('installing');
    expect(calls()).toHaveLength(4);
    expect((await start([]).ended).err).toBe('');
  });

  it('keeps the test tools of a checkout that has them', async () => {
    mkdirSync(join(root, 'node_modules', 'vitest'), { recursive: true });
    await start([]).ended;
    expect(calls()[0]).toMatch(/^npm ci --ignore-scripts/);
  });

  it('is found through symbolic links', async () => {
    symlinkSync('the repository/scripts/run_assistant_server.sh', join(home, 'first link'));
    mkdirSync(join(home, 'elsewhere'));
    symlinkSync('../first link', join(home, 'elsewhere', 'second'));
    const { code, out } = await start(['--x'], { path: './second', cwd: join(home, 'elsewhere') }).ended;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ words: ['serve', '--x'], folder: join(home, 'elsewhere') });
  });

  it('passes signals on: the server is the process that was started', async () => {
    const { child, ended, output } = start(['--wait']);
    await until(() => output.out.includes('\n'));
    expect(JSON.parse(output.out).pid).toBe(child.pid);
    child.kill('SIGTERM');
    expect((await ended).code).toBe(42);
  });

  it('installs once when started twice at once', async () => {
    writeFileSync(join(root, 'slow-npm'), '');
    const both = await Promise.all([start(['--a']).ended, start(['--b']).ended]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(calls()).toHaveLength(2);
    expect(both.map(({ err }) => err).join('')).toContain('waiting');
  });

  it('gets past the lock of a start that was killed', async () => {
    const gone = Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }));
    writeAll(root, { '.state/setup.lock/pid': `${gone}\n` });
    expect((await start([]).ended).code).toBe(0);
  });

  it('stops installing at a signal and leaves no lock', async () => {
    writeFileSync(join(root, 'slow-npm'), '');
    const { child, ended } = start([]);
    await until(() => calls().length > 0);
    child.kill('SIGTERM');
    expect((await ended).code).toBe(143);
    expect(existsSync(join(root, '.state', 'setup.lock'))).toBe(false);
    rmSync(join(root, 'slow-npm'));
    expect((await start([]).ended).code).toBe(0);
  });

  it('says what to do when npm fails, and tries again at the next start', async () => {
    writeFileSync(join(root, 'broken-npm'), '');
    const { code, err } = await start([]).ended;
    expect(code).toBe(78);
    expect(err).toContain('npm could not install');
    rmSync(join(root, 'broken-npm'));
    expect((await start([]).ended).code).toBe(0);
  });

  it.each([
    ['v18.20.0', 'this is v18.20.0'],
    ['v20.18.3', '20.19 or newer is needed'],
  ])('refuses Node %s', async (version, message) => {
    writeAll(root, { 'bin/node': `#!/bin/sh\necho ${version}\n` });
    chmodSync(join(root, 'bin/node'), 0o755);
    const { code, err } = await start([]).ended;
    expect(code).toBe(78);
    expect(err).toContain(message);
  });

  it('says where to get Node when there is none', async () => {
    mkdirSync(join(home, 'tools'));
    for (const tool of ['ls', 'sed', 'dirname', 'cat', 'mkdir', 'rm', 'find', 'head', 'cmp']) {
      const path = execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
      symlinkSync(path, join(home, 'tools', tool));
    }
    const [command = 'sh'] = shell;
    symlinkSync(
      execFileSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim(),
      join(home, 'tools', command),
    );
    const { code, err } = await start([], { env: { PATH: join(home, 'tools') } }).ended;
    expect(code).toBe(78);
    expect(err).toContain('https://nodejs.org');
  });
});
