/** Bundles: made here, installed where there is no network, and checked before anything of them is used. */

import { execFile, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandEnd, repository, runCommand } from '../end-to-end/running-server.ts';

const run = promisify(execFile);
const nano = join(repository, 'models', 'nano', 'aimindserve-nano.gguf');

let folder: string;
let bundle: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aimindserve-bundle-test-'));
  bundle = join(folder, 'bundle.tar');
  const words = ['bundle', 'create', '--output', bundle, '--model', nano, '--data-dir', join(folder, 'empty')];
  const { code, out, err } = await runCommand(words);
  expect(`${code} ${err}`).toContain('0 ');
  expect(out).toContain('sha256');
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = (path: string, dataFolder: string): Promise<CommandEnd> =>
  runCommand(['bundle', 'load', path, '--data-dir', dataFolder]);

/** Without a network where the system lets us, otherwise where all of its doors lead nowhere. */
function offlineCommand(): { readonly words: readonly string[]; readonly environment: Record<string, string> } {
  const shell = ['unshare', '--map-root-user', '--net'];
  const isPossible = spawnSync('unshare', ['--map-root-user', '--net', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
  const nowhere = 'http://127.0.0.1:9';
  const doors = { HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, NO_PROXY: '127.0.0.1', npm_config_registry: nowhere };
  return isPossible ? { words: shell, environment: {} } : { words: ['env'], environment: doors };
}

describe('a bundle', () => {
  it('is installed, served and asked on a machine without network, with an empty npm cache', {
    timeout: 240_000,
  }, async () => {
    const machine = join(folder, 'machine');
    mkdirSync(machine);
    const { words, environment } = offlineCommand();
    const [program = '', ...rest] = words;
    const script = join(repository, 'test', 'packaging', 'offline_install.sh');
    const env = { PATH: process.env['PATH'] ?? '', npm_config_cache: join(folder, 'no-cache'), ...environment };
    const { stdout } = await run(program, [...rest, 'sh', script, bundle, machine], { env });
    expect(stdout).toContain('"name":"get_weather","arguments":"{\\"city\\": \\"Paris\\"}"');
    expect(stdout).toContain('the server ended in order');
    const copy = readFileSync(join(machine, 'data', 'models', 'local', 'aimindserve-nano.gguf'));
    expect(copy.equals(readFileSync(nano))).toBe(true);
    expect(existsSync(join(folder, 'no-cache'))).toBe(false);
  });

  it('is loaded again without writing anything, from the archive and from its folder', async () => {
    const data = join(folder, 'data-again');
    expect((await load(bundle, data)).out).toContain('1 files written, 0 were there already');
    expect((await load(bundle, data)).out).toContain('0 files written, 1 were there already');
    await run('tar', ['xf', bundle, '-C', folder]);
    expect((await load(join(folder, 'aimindserve-bundle'), data)).out).toContain(
      '0 files written, 1 were there already',
    );
  });

  it('overwrites no other file', async () => {
    const data = join(folder, 'data-taken');
    const target = join(data, 'models', 'local', 'aimindserve-nano.gguf');
    mkdirSync(join(target, '..'), { recursive: true });
    writeFileSync(target, 'mine');
    const { code, err } = await load(bundle, data);
    expect(err).toContain(`${target} is there already and is not what the bundle holds; nothing was overwritten.`);
    expect(code).toBe(1);
    expect(readFileSync(target, 'utf8')).toBe('mine');
  });

  it.each([
    ['a byte of it was changed', (copy: Buffer) => copy.fill(0x21, copy.length - 1_000_000, copy.length - 999_999)],
    ['it was cut', (copy: Buffer) => copy.subarray(0, copy.length - 2_000_000)],
    ['it is something else', () => Buffer.from('hello '.repeat(1_000))],
    ['it is empty', () => Buffer.alloc(0)],
  ])('is refused where %s, and leaves nothing behind', async (name, damage) => {
    const data = join(folder, `data-${name.replaceAll(' ', '-')}`);
    const damaged = join(folder, 'damaged.tar');
    writeFileSync(damaged, damage(readFileSync(bundle)));
    const { code, err } = await load(damaged, data);
    expect(err).toMatch(/^(?:writing .*\n)?aimindserve: The bundle (is damaged|cannot be read|cannot be used)/);
    expect(code).toBe(1);
    const left = existsSync(data) ? readdirSync(data, { recursive: true, withFileTypes: true }) : [];
    expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([]);
  });

  it('is not installed where a checksum differs', async () => {
    const unpacked = join(folder, 'aimindserve-bundle');
    const archive = join(unpacked, 'packages', 'yaml-2.9.1.tgz');
    truncateSync(archive, statSync(archive).size - 1);
    const prefix = join(folder, 'prefix');
    const installing = run('sh', [join(unpacked, 'install.sh'), '--prefix', prefix]);
    await expect(installing).rejects.toThrow('The bundle is damaged: a checksum differs.');
    expect(existsSync(prefix)).toBe(false);
  });

  it('takes nothing along that cannot be found', async () => {
    const { code, err } = await runCommand(['bundle', 'create', '--model', 'no-such-model', '--output', bundle]);
    expect(err).toContain("There is no model 'no-such-model', and no file of this path. None was fetched yet.");
    expect(code).toBe(1);
  });
});
