/** Packages of Python: a Python that is new enough, uv where it can be had, pip where it cannot. */

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, UnavailableError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import { oldestPython, readPlannedPackages } from '../../engines/vllm/packages.ts';
import type { EngineWish } from '../../fleet/engine.ts';
import { findOnPath } from './engine-programs.ts';
import type { InstallTools } from './install-job.ts';

/** What is to be installed, and where. */
export interface PackageWish {
  /** The folder of a Python environment. */
  readonly environment: string;
  /** E.g. `vllm==0.32.0`. */
  readonly wanted: string;
  /** Builds for it are preferred, where their own index can be reached. */
  readonly accelerator?: 'cpu' | 'cuda';
  /** A file of requirements that go before what packages ask for. */
  readonly overridesFile?: string;
}

/** What would be installed; nothing large has been fetched for it. */
export interface PackagePlan {
  readonly packages: ReadonlyMap<string, string>;
  readonly args: readonly string[];
}

/** An installer of packages. */
export interface Packages {
  /** The newest version there is, or that very one; throws if there is none. */
  versionOf(distribution: string, version: string | undefined): Promise<string>;
  /** Makes an empty environment in a folder that is not there yet, and returns the folder. */
  makeEnvironment(folder: string): Promise<string>;
  plan(wish: PackageWish): Promise<PackagePlan | { readonly refusal: string }>;
  install(plan: PackagePlan): Promise<void>;
}

const shortMs = 120_000;
const planMs = 600_000;
const installMs = 4 * 3_600_000;

const pythonNames = ['python3', 'python3.12', 'python3.13', 'python3.11', 'python3.10', 'python'];
const versionScript = 'import sys, venv, ensurepip; print("python", *sys.version_info[:2])';

/** A Python that can make environments; throws ConfigError that says what is missing. */
export async function findPython({ environment, run }: Pick<InstallTools, 'environment' | 'run'>): Promise<string> {
  const { major, minor } = oldestPython;
  const reasons: string[] = [];
  for (const name of pythonNames) {
    const path = findOnPath(name, environment['PATH'] ?? '');
    if (path === undefined) continue;
    const { code, output } = await run(path, ['-c', versionScript], shortMs);
    const found = /python (\d+) (\d+)/.exec(output);
    if (code !== 0 || found === null) reasons.push(`${path} cannot make environments (Debian: install python3-venv)`);
    else if (Number(found[1]) === major && Number(found[2]) >= minor) return path;
    else reasons.push(`${path} is ${found[1]}.${found[2]}`);
  }
  const why = reasons.length === 0 ? 'none is on the search path' : reasons.join('; ');
  throw new ConfigError('device_unavailable', `vLLM needs Python ${major}.${minor} or newer with venv: ${why}.`);
}

/** uv resolves and unpacks in a fraction of pip's time, and alone can put one build in the place of another. */
export async function openPackages(wish: EngineWish, python: string, tools: InstallTools): Promise<Packages> {
  const index = [
    ...(wish.index === undefined ? [] : ['--index-url', wish.index]),
    ...(wish.wheels === undefined ? [] : ['--no-index', '--find-links', wish.wheels]),
  ];
  const onPath = findOnPath('uv', tools.environment['PATH'] ?? '');
  if (onPath !== undefined) return withUv({ uv: onPath, python, index, tools });
  const folder = join(tools.enginesFolder, 'tools');
  const own = join(folder, 'bin', 'python');
  const uv = join(folder, 'bin', 'uv');
  if (!existsSync(uv)) {
    tools.tell('Fetching uv, which installs packages');
    if (!existsSync(own)) await insist(tools.run(python, ['-m', 'venv', '--clear', folder], shortMs), 'venv');
    if (await mayHold(wish.wheels, 'uv')) await tools.run(own, ['-m', 'pip', 'install', ...index, 'uv'], planMs);
  }
  if (existsSync(uv)) return withUv({ uv, python, index, tools });
  tools.say('uv cannot be had here; pip does the same, more slowly.');
  return withPip({ pip: own, python, index, tools });
}

/** Of an index nobody knows before it is asked; a folder of wheels is looked into. */
async function mayHold(wheels: string | undefined, distribution: string): Promise<boolean> {
  return wheels === undefined || (await readdir(wheels)).some((name) => name.startsWith(`${distribution}-`));
}

interface Way {
  readonly python: string;
  /** Flags that say where packages come from. */
  readonly index: readonly string[];
  readonly tools: InstallTools;
}

function withUv({ uv, python, index, tools }: Way & { readonly uv: string }): Packages {
  const install = (args: readonly string[], patienceMs: number) =>
    tools.run(uv, ['pip', 'install', '--no-progress', ...args], patienceMs);
  return {
    async versionOf(distribution, version) {
      const requirement = join(tools.enginesFolder, 'tools', 'wanted.in');
      await tools.writeText(requirement, version === undefined ? distribution : `${distribution}==${version}`);
      const args = ['pip', 'compile', '--no-deps', '--no-header', '--python', python, ...index, requirement];
      const { code, output } = await tools.run(uv, args, planMs);
      const found = new RegExp(`^${distribution}==(\\S+)`, 'm').exec(output)?.[1];
      if (code === 0 && found !== undefined) return found;
      throw noVersion(distribution, output);
    },
    async makeEnvironment(folder) {
      await insist(tools.run(uv, ['venv', '--python', python, folder], shortMs), 'uv venv');
      return folder;
    },
    async plan({ environment, wanted, accelerator, overridesFile }) {
      const base = [
        ...['--python', join(environment, 'bin', 'python'), ...index],
        ...(overridesFile === undefined ? [] : ['--override', overridesFile]),
        wanted,
      ];
      // PyTorch's own index has builds for processors alone; it is uv that knows where, and a mirror replaces it.
      const isOwnIndex = accelerator === 'cpu' && index.length === 0;
      const tries = [...(isOwnIndex ? [['--torch-backend', 'cpu', ...base]] : []), base];
      let refusal = '';
      for (const args of tries) {
        const { code, output } = await install(['--dry-run', ...args], planMs);
        if (code === 0) return { packages: readPlannedPackages(output), args };
        refusal = shorten(output);
      }
      return { refusal };
    },
    async install({ args }) {
      await insist(install(args, installMs), 'uv pip install');
    },
  };
}

function withPip({ python, index, tools }: Way & { readonly pip: string }): Packages {
  const report = join(tools.enginesFolder, 'tools', 'report.json');
  const planned = async (pip: string, args: readonly string[]) => {
    const dry = ['--dry-run', '--ignore-installed', '--report', report, ...index, ...args];
    const { code, output } = await tools.run(pip, ['-m', 'pip', 'install', ...dry], planMs);
    return code === 0 ? readReport(await readFile(report, 'utf8')) : shorten(output);
  };
  const own = join(tools.enginesFolder, 'tools', 'bin', 'python');
  return {
    async versionOf(distribution, version) {
      const wanted = version === undefined ? distribution : `${distribution}==${version}`;
      const found = await planned(own, ['--no-deps', wanted]);
      const named = typeof found === 'string' ? undefined : found.get(distribution);
      if (named !== undefined) return named;
      throw noVersion(distribution, typeof found === 'string' ? found : '');
    },
    async makeEnvironment(folder) {
      await insist(tools.run(python, ['-m', 'venv', folder], shortMs), 'venv');
      return folder;
    },
    async plan({ environment, wanted, overridesFile }) {
      if (overridesFile !== undefined)
        return { refusal: 'pip cannot replace builds that the index lacks; install uv.' };
      const pip = join(environment, 'bin', 'python');
      const found = await planned(pip, [wanted]);
      return typeof found === 'string' ? { refusal: found } : { packages: found, args: [pip, wanted] };
    },
    async install({ args: [pip = own, ...args] }) {
      const done = tools.run(pip, ['-m', 'pip', 'install', '--progress-bar', 'off', ...index, ...args], installMs);
      await insist(done, 'pip install');
    },
  };
}

/** Names and versions of pip's report: https://pip.pypa.io/en/stable/reference/installation-report/. */
function readReport(text: string): ReadonlyMap<string, string> {
  const report: unknown = JSON.parse(text);
  const entries: unknown = isObject(report) ? report['install'] : undefined;
  const packages = new Map<string, string>();
  for (const entry of Array.isArray(entries) ? entries : []) {
    const metadata: unknown = isObject(entry) ? entry['metadata'] : undefined;
    if (!isObject(metadata)) continue;
    packages.set(String(metadata['name']).toLowerCase().replaceAll(/[._]+/g, '-'), String(metadata['version']));
  }
  return packages;
}

async function insist(running: ReturnType<InstallTools['run']>, what: string): Promise<void> {
  const { code, output, isLate } = await running;
  if (code === 0) return;
  throw new UnavailableError('download_failed', isLate ? `${what} took too long.` : `${what}: ${shorten(output)}`);
}

function noVersion(distribution: string, output: string): UnavailableError {
  return new UnavailableError('download_failed', `No version of ${distribution} can be had: ${shorten(output)}`);
}

/** The end of what a program said: there it tells what went wrong. */
function shorten(output: string): string {
  return output.trim().slice(-2_000);
}
