/** The npm package: what is in it, and that it serves from an empty folder, as a user installs it. */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPackages, listPackageFiles } from '../../src/server/bundle/bundle-packages.ts';
import { type CommandOptions, repository, runCommand, startServer } from '../end-to-end/running-server.ts';

const run = promisify(execFile);

/** What `npm pack --json` tells. */
interface PackReport {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: ReadonlyArray<{ readonly path: string }>;
}

let folder: string;
let report: PackReport;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aimindserve-package-'));
  // What is built is packed: building here would take it away from tests that run beside this one.
  const words = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { stdout } = await run('npm', words, { cwd: repository, maxBuffer: 16 << 20 });
  [report] = JSON.parse(stdout);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const paths = (): readonly string[] => report.files.map(({ path }) => path);

describe('the npm package', () => {
  it('holds what serving needs, and nothing else', () => {
    const expected =
      /^(package\.json|LICENSE|README(\.zh-CN)?\.md|models\/catalog\.yaml|models\/nano\/aimindserve-nano\.gguf|scripts\/(install_bundle|run_assistant_server)\.sh|dist\/.+\.(js|d\.ts))$/;
    expect(paths().filter((path) => !expected.test(path))).toEqual([]);
    expect(paths().filter((path) => /\.test\.|\.contract\.|fixtures\/|\.map$/.test(path))).toEqual([]);
    for (const path of ['dist/cli/main.js', 'dist/formats/index.d.ts', 'models/catalog.yaml', 'LICENSE'])
      expect(paths()).toContain(path);
  });

  it('holds nothing whose source is gone', () => {
    const built = paths().filter((path) => /^dist\/.*\.js$/.test(path));
    const sources = built.map((path) => path.replace(/^dist/, 'src').replace(/js$/, 'ts'));
    expect(sources.filter((path) => !existsSync(join(repository, path)))).toEqual([]);
  });

  it('is small, and says nothing of the machine that made it', async () => {
    expect(report.size).toBeLessThan(8_000_000);
    await run('tar', ['xzf', join(folder, report.filename), '-C', folder]);
    const texts = paths().filter((path) => !path.endsWith('.gguf'));
    const telling = texts.filter((path) => readFileSync(join(folder, 'package', path), 'utf8').includes(repository));
    expect(telling).toEqual([]);
  });

  it('runs nothing when it is installed, and says what it needs', () => {
    const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
      expect(manifest.scripts[name]).toBeUndefined();
    expect(manifest.engines).toEqual({ node: '>=20.19' });
    expect(manifest.license).toBe('Apache-2.0');
    expect(manifest.bin).toEqual({ aimindserve: 'dist/cli/main.js' });
  });

  it('is in a bundle with exactly these files', async () => {
    expect(await listPackageFiles(findPackages(repository))).toEqual([...paths()].sort());
  });
});

/** Installs as a user does; what npm has in its cache is taken from there. False = the registry is needed and silent. */
async function install(place: string, words: readonly string[]): Promise<boolean> {
  mkdirSync(place);
  const tarball = join(folder, report.filename);
  // A prefix, because npm would install into any folder above that has something installed already.
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=0'];
  try {
    await run('npm', ['install', '--prefix', place, tarball, ...quiet, ...words], { cwd: place, timeout: 200_000 });
    return true;
  } catch (thrown) {
    if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/.test(String(thrown))) return false;
    throw thrown;
  }
}

describe.each([
  ['as npm does it', []],
  ['with --ignore-scripts', ['--ignore-scripts']],
])('an installation %s', (name, words) => {
  it('serves the bundled model, and says so where the engine is for another platform', {
    timeout: 300_000,
  }, async (context) => {
    const place = join(folder, name.replaceAll(' ', '-'));
    if (!(await install(place, words)))
      context.skip('no registry can be reached, and npm has not all packages in its cache');
    const options = (...program: string[]): CommandOptions => ({ program, folder: place });
    const command = join(place, 'node_modules', '.bin', 'aimindserve');
    const help = await runCommand(['--help'], options('npx', '--no-install', 'aimindserve'));
    expect(help.out).toContain('Start here:  aimindserve serve');
    expect(help.code).toBe(0);
    for (const program of [
      [command, 'serve'],
      ['sh', join(place, 'node_modules/aimindserve/scripts/run_assistant_server.sh')],
    ]) {
      const server = await startServer([], options(...program));
      expect(await askForWeather(server.url)).toContain('"name":"get_weather","arguments":"{\\"city\\": \\"Paris\\"}"');
      expect((await server.stop()).code).toBe(0);
    }
    // As npm leaves it on another platform: the engine's libraries are an optional package.
    rmSync(join(place, 'node_modules', '@node-llama-cpp'), { recursive: true });
    const { code, err } = await runCommand(['serve', '--port', '0'], options(command));
    expect(err).toContain('The package @node-llama-cpp/linux-x64 is not installed. Install it with: npm install');
    expect(code).toBe(78);
  });
});

async function askForWeather(url: string): Promise<string> {
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const body = {
    model: 'aimindserve-nano',
    messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
    tools: [{ type: 'function', function: { name: 'get_weather', parameters } }],
  };
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) });
  return answer.text();
}
