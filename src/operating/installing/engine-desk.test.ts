/** The desk over a real folder, with installers that do what a test says. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import type { InstalledEngine } from '../../fleet/engine.ts';
import { EngineDesk, type EngineDeskParts } from './engine-desk.ts';
import type { Installer } from './install-job.ts';

let home = '';
const open: EngineDesk[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engine-desk-'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((desk) => desk.close()));
  rmSync(home, { recursive: true });
});

interface Told {
  readonly id: string;
  readonly type: string;
}

const deskOf = (installer: Installer, more: Partial<EngineDeskParts> = {}) => {
  const told: Told[] = [];
  let ids = 0;
  const desk = new EngineDesk({
    folder: join(home, 'engines'),
    workerId: 'local',
    programs: { searchPath: '', ask: async () => ({ code: 1, output: '', isLate: false }) },
    installers: { vllm: installer, 'llama-libraries': installer },
    check: async () => {},
    usersOf: () => [],
    environment: {},
    mark: 'install-test',
    newId: () => `eng_${String(++ids).padStart(16, '0')}`,
    clock: systemClock,
    log: silentLog,
    changed: (id, type) => told.push({ id, type }),
    looked: () => told.push({ id: '', type: 'looked' }),
    ...more,
  });
  open.push(desk);
  return { desk, told };
};

/** Puts one file there. */
const quick: Installer = async ({ version = '1.0.0' }, { claim, tell, say }) => {
  tell('Looking');
  const folder = await claim(version);
  if (folder === undefined) return undefined;
  say('a line of the log');
  writeFileSync(join(folder, 'program'), 'x'.repeat(100));
  const nothing = { libraries: [], runtimeFolders: [], notes: ['It went well.'] };
  return { version, folder, accelerator: 'cpu', command: [join(folder, 'program')], sizeBytes: 100, ...nothing };
};
/** Claims its folder and then waits for its end. */
const endless: Installer = async ({ version = '1.0.0' }, { claim, signal }) => {
  await claim(version);
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
};
const broken: Installer = async ({ version = '1.0.0' }, { claim }) => {
  const folder = await claim(version);
  writeFileSync(join(folder ?? '', 'half'), '');
  throw new RangeError('the disk is broken');
};

const ended = async (desk: EngineDesk, id: string): Promise<InstalledEngine | undefined> => {
  await expect.poll(() => desk.peek(id)?.state ?? 'gone').not.toBe('installing');
  return desk.peek(id);
};
const foldersOf = (name: string): readonly string[] => {
  const folder = join(home, 'engines', name);
  return existsSync(folder) ? readdirSync(folder) : [];
};
const logOf = async (desk: EngineDesk, id: string, follow = false): Promise<string> => {
  let text = '';
  const signal = new AbortController().signal;
  for await (const part of desk.log(id, { lines: 100, follow, signal })) text += part;
  return text;
};

describe('installing', () => {
  it('ends with an engine that the next server finds too', async () => {
    const { desk } = deskOf(quick);
    const { id, state } = await desk.install({ name: 'vllm' });
    expect(state).toBe('installing');
    const engine = await ended(desk, id);
    expect(engine).toMatchObject({
      id,
      name: 'vllm',
      version: '1.0.0',
      state: 'ready',
      reason: 'It went well.',
      sizeBytes: 100,
    });
    expect(await logOf(desk, id)).toBe('== Looking\na line of the log\n');
    const { desk: next, told } = deskOf(quick);
    expect(next.known).toBeUndefined();
    expect(await next.list()).toEqual([engine]);
    expect(told.some(({ type }) => type === 'looked')).toBe(true);
  });

  it('is one installation for all who ask for the same', async () => {
    const { desk } = deskOf(endless);
    const [one, two] = await Promise.all([desk.install({ name: 'vllm' }), desk.install({ name: 'vllm' })]);
    expect(one.id).toBe(two.id);
    expect((await desk.install({ name: 'vllm', version: '2.0.0' })).id).not.toBe(one.id);
  });

  it('puts versions beside each other, and none twice', async () => {
    const { desk } = deskOf(quick);
    for (const version of ['1.0.0', '2.0.0']) await ended(desk, (await desk.install({ name: 'vllm', version })).id);
    expect((await desk.list()).map(({ version }) => version)).toEqual(['1.0.0', '2.0.0']);
    expect((await desk.install({ name: 'vllm', version: '2.0.0' })).state).toBe('ready');
    // The newest, as it turns out, is there: the installation is gone without a trace.
    const { id } = await desk.install({ name: 'vllm' });
    expect(await ended(desk, id)).toBeUndefined();
    expect(await desk.list()).toHaveLength(2);
  });

  it('that fails leaves its reason and its log, nothing else; the next try takes its place', async () => {
    const { desk } = deskOf(broken);
    const { id } = await desk.install({ name: 'vllm' });
    expect(await ended(desk, id)).toMatchObject({ state: 'failed', reason: 'the disk is broken' });
    expect(foldersOf('vllm')).toEqual([]);
    expect(await logOf(desk, id, true)).toContain('the disk is broken');
    await desk.install({ name: 'vllm' });
    expect((await desk.list()).map((engine) => engine.id)).not.toContain(id);
  });

  it('that is cancelled leaves nothing', async () => {
    const { desk } = deskOf(endless);
    const { id } = await desk.install({ name: 'vllm' });
    await expect.poll(() => foldersOf('vllm')).toEqual(['1.0.0']);
    await desk.remove(id);
    expect(await desk.list()).toEqual([]);
    expect(foldersOf('vllm')).toEqual([]);
    expect(foldersOf('logs')).toEqual([]);
  });

  it('waits for one of the same kind, and can be cancelled while it waits', async () => {
    const { desk } = deskOf(endless);
    await desk.install({ name: 'vllm', version: '1.0.0' });
    const { id } = await desk.install({ name: 'vllm', version: '2.0.0' });
    await expect.poll(() => foldersOf('vllm')).toEqual(['1.0.0']);
    await desk.remove(id);
    expect((await desk.list()).map(({ version }) => version)).toEqual(['1.0.0']);
  });

  it('ends with the server, and begins none after it', async () => {
    const { desk } = deskOf(endless);
    await desk.install({ name: 'vllm' });
    await desk.close();
    expect(foldersOf('vllm')).toEqual([]);
    await expect(desk.install({ name: 'vllm' })).rejects.toThrow('The server is stopping');
  });

  it('that a server did not survive is none, and is cleared away', async () => {
    mkdirSync(join(home, 'engines', 'vllm', '1.0.0', 'venv'), { recursive: true });
    const { desk } = deskOf(quick);
    expect(await desk.list()).toEqual([]);
    expect(foldersOf('vllm')).toEqual([]);
    expect(await ended(desk, (await desk.install({ name: 'vllm', version: '1.0.0' })).id)).toMatchObject({
      state: 'ready',
    });
  });

  it('shows its log while it goes on', async () => {
    let finish = (): void => {};
    const { desk } = deskOf(async (wish, tools) => {
      tools.say('first');
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      tools.say('second');
      return quick(wish, tools);
    });
    const { id } = await desk.install({ name: 'vllm' });
    const text = logOf(desk, id, true);
    await expect.poll(() => logOf(desk, id)).toBe('first\n');
    finish();
    expect(await text).toMatch(/^first\nsecond\n/);
  });
});

describe('removing', () => {
  const installed = async (more: Partial<EngineDeskParts> = {}) => {
    const { desk, told } = deskOf(quick, more);
    const { id } = await desk.install({ name: 'vllm' });
    await ended(desk, id);
    return { desk, told, id };
  };

  it('takes away the folder, the log and the entry', async () => {
    const { desk, told, id } = await installed();
    await desk.remove(id);
    expect(foldersOf('vllm')).toEqual([]);
    expect(foldersOf('logs')).toEqual([]);
    expect(told.at(-1)).toEqual({ id, type: 'deleted' });
    await expect(desk.remove(id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is seen at once by those who were just looking, and is over before the same is installed again', async () => {
    let isHeld = false;
    let isAsked = false;
    let release = (): void => {};
    const ask = async () => {
      isAsked = isHeld;
      if (isHeld)
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      return { code: 1, output: '', isLate: false };
    };
    writeFileSync(join(home, 'llama-server'), '', { mode: 0o755 });
    const { desk, id } = await installed({ programs: { searchPath: home, ask } });
    const note = join(home, 'engines', 'vllm', '1.0.0', 'manifest.json');
    isHeld = true;
    const again = desk.install({ name: 'vllm', version: '1.0.0' });
    await expect.poll(() => isAsked).toBe(true);
    const removal = desk.remove(id);
    await expect.poll(() => existsSync(note)).toBe(false);
    isHeld = false;
    release();
    const { id: next } = await again;
    await removal;
    expect(desk.peek(id)).toBeUndefined();
    expect(next).not.toBe(id);
    await expect.poll(() => desk.peek(next)?.state).toBe('ready');
  });

  it('is refused while a deployment runs with it', async () => {
    const { desk, id } = await installed({ usersOf: () => ['qwen'] });
    await expect(desk.remove(id)).rejects.toThrow(/^It runs qwen:/);
    expect((await desk.list())[0]?.state).toBe('ready');
  });

  it('is refused for what somebody else installed', async () => {
    const vllm = join(home, 'mine');
    writeFileSync(vllm, '#!/bin/sh\necho 0.1.0\n', { mode: 0o755 });
    const programs = {
      searchPath: '',
      vllmCommand: [vllm],
      ask: async () => ({ code: 0, output: '0.1.0', isLate: false }),
    };
    const { desk } = deskOf(quick, { programs });
    const [engine] = await desk.list();
    expect(engine).toMatchObject({ origin: 'configured', version: '0.1.0', installedAt: 0 });
    await expect(desk.remove(engine?.id ?? '')).rejects.toThrow(/installed by somebody else/);
  });
});

it('finds what somebody installs by hand after a while, without being told', async () => {
  let nowMs = 0;
  const clock = { ...systemClock, nowMs: () => nowMs };
  const ask = async () => ({ code: 0, output: 'version: 5330 (abc)', isLate: false });
  const { desk, told } = deskOf(quick, { clock, programs: { searchPath: home, ask } });
  expect(await desk.list()).toEqual([]);
  writeFileSync(join(home, 'llama-server'), '', { mode: 0o755 });
  expect(desk.known).toEqual([]);
  nowMs = 60_000;
  expect(desk.known).toEqual([]);
  await expect.poll(() => desk.known).toMatchObject([{ name: 'llama-box', version: '5330', origin: 'path' }]);
  expect(told.at(-1)?.type).toBe('created');
});

it.each(['', '[]', '{"name":"vllm"}', '{"id":"eng_0000000000000001","name":"llama-box"}'])(
  'does not take %j for a note of its own, and leaves what it cannot read until it is in the way',
  async (note) => {
    const folder = join(home, 'engines', 'vllm', '1.0.0');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'manifest.json'), note);
    const { desk } = deskOf(quick);
    expect(await desk.list()).toEqual([]);
    expect(foldersOf('vllm')).toEqual(['1.0.0']);
    const { id } = await desk.install({ name: 'vllm', version: '1.0.0' });
    expect(await ended(desk, id)).toMatchObject({ state: 'ready' });
  },
);
