import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { isAppError } from '../base/errors.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { createLocalRuntime } from './local-runtime.ts';
import type { RunningProcess } from './runtime.ts';

const root = mkdtempSync(join(tmpdir(), 'runtime-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function newFolder(): string {
  return join(root, `logs-${folders++}`);
}

const runtime = createLocalRuntime({ logFolder: join(root, 'logs') });

function plan(fixture: string, more: Partial<LaunchPlan> = {}): LaunchPlan {
  const program = fileURLToPath(new URL(`fixtures/${fixture}.mjs`, import.meta.url));
  return { command: process.execPath, arguments: [program], environment: {}, input: '', ...more };
}

/** Polls a fact that another process brings about. */
async function until(fact: () => boolean): Promise<void> {
  for (let tries = 0; !fact(); tries++) {
    if (tries > 400) throw new TypeError('it did not happen within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isAlive(pid: number): boolean {
  try {
    // A zombie that nobody reaps still takes signals.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function logText(folder: string): string {
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}

/** Starts in a log folder of its own and waits until the log says `text`. */
async function startAndSee(text: RegExp, started: LaunchPlan): Promise<{ process: RunningProcess; seen: string }> {
  const logFolder = newFolder();
  const process = createLocalRuntime({ logFolder }).start(started);
  await until(() => text.test(logText(logFolder)));
  return { process, seen: text.exec(logText(logFolder))?.[1] ?? '' };
}

describe('a local process', () => {
  it('tells how it ended and what it said last', async () => {
    expect(await runtime.start(plan('crashes-at-once')).ended).toEqual({
      code: 7,
      signal: null,
      killed: false,
      logTail: 'cannot go on: 世界',
    });
  });

  it('gets its input, which stays open until it is stopped', async () => {
    const { process } = await startAndSee(/read hello/, plan('never-ready', { input: 'hello\n' }));
    expect(isAlive(process.pid)).toBe(true);
    const end = await process.stop(10_000);
    expect([end.signal, end.killed]).toEqual(['SIGTERM', false]);
    expect(isAlive(process.pid)).toBe(false);
  });

  it('is killed when it ignores the request to end, and stopping twice is one stop', async () => {
    const { process } = await startAndSee(/ready/, plan('ignores-sigterm'));
    const [first, second] = await Promise.all([process.stop(300), process.stop(60_000)]);
    expect([first.signal, first.killed, first.logTail]).toEqual(['SIGKILL', true, 'ready\nignored']);
    expect(second).toBe(first);
    expect(await process.stop(0)).toBe(first);
  });

  it.each([['waits'], ['ends']])('takes its helpers with it when it %s', async (manner) => {
    const base = plan('leaves-grandchild');
    const started = { ...base, arguments: [...base.arguments, manner] };
    const { process, seen } = await startAndSee(/helper (\d+) of/, started);
    const end = manner === 'ends' ? await process.ended : await process.stop(5_000);
    expect(end.logTail).toContain('helper');
    await until(() => !isAlive(Number(seen)));
  });

  it('ends by itself when the one that holds its input is killed', async () => {
    const { process, seen } = await startAndSee(/holds (\d+)/, plan('holds-child'));
    await process.stop(0);
    await until(() => !isAlive(Number(seen)));
  });

  it('sees the environment of the plan, less what the plan removes', async () => {
    const script = 'console.log(process.env.RUNTIME_TEST, process.env.HOME)';
    const started = runtime.start({
      ...plan('never-ready'),
      arguments: ['-e', script],
      environment: { RUNTIME_TEST: 'yes', HOME: undefined },
    });
    expect((await started.ended).logTail).toBe('yes undefined');
  });

  it('cannot fill the disk or the memory with its output', async () => {
    const logFolder = newFolder();
    const end = await createLocalRuntime({ logFolder, maxLogBytes: 100_000 }).start(plan('floods')).ended;
    expect(end.logTail.endsWith('the last line')).toBe(true);
    expect(end.logTail.length).toBeLessThan(20_000);
    const sizes = readdirSync(logFolder).map((name) => statSync(join(logFolder, name)).size);
    expect(sizes.length).toBe(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100_000);
  });

  it('does not mind a program that never reads a large input', async () => {
    const end = await runtime.start(plan('crashes-at-once', { input: 'x'.repeat(1 << 20) })).ended;
    expect(end.code).toBe(7);
  });

  it.each([
    ['a missing program', join(root, 'nothing-here')],
    ['a folder', root],
    ['a file that may not be run', join(root, 'plain.txt')],
  ])('refuses %s', (_, command) => {
    writeFileSync(join(root, 'plain.txt'), 'hello', { mode: 0o600 });
    try {
      runtime.start({ command, arguments: [], environment: {}, input: '' });
    } catch (error) {
      if (!isAppError(error)) throw error;
      expect([error.code, error.message.includes(command)]).toEqual(['invalid_config', true]);
      return;
    }
    throw new TypeError('it was started');
  });

  it('says when it cannot write its log', () => {
    writeFileSync(join(root, 'occupied'), '');
    const elsewhere = createLocalRuntime({ logFolder: join(root, 'occupied') });
    expect(() => elsewhere.start(plan('crashes-at-once'))).toThrow(/Logs cannot be written to/);
  });

  it.each([[[]], [['nul \0 inside']], [['x'.repeat(4 << 20)]]])(
    'reports what the system will not start',
    async (args) => {
      const command = join(root, 'garbage');
      writeFileSync(command, '#!/no/such/interpreter\n', { mode: 0o700 });
      const outcome = (() => {
        try {
          return runtime.start({ command, arguments: args, environment: {}, input: '' }).ended;
        } catch (error) {
          return error;
        }
      })();
      expect(isAppError(outcome) ? outcome.code : await outcome).toBe('engine_crashed');
    },
  );
});
