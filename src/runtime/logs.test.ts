import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createStage, shellOrder, until } from './fixtures/stage.ts';
import { followLog } from './follow-log.ts';
import { createGuardedRuntime } from './guarded-runtime.ts';
import { createLogs } from './logs.ts';

const stage = createStage();
afterAll(() => stage.clear());

const { dataFolder, newInstance } = stage;
const logs = createLogs(dataFolder);
const runtime = createGuardedRuntime({ dataFolder, maxLogBytes: 1_000 });
const never = new AbortController().signal;

async function textOf(parts: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const part of parts) text += part;
  return text;
}

let files = 0;
function newLog(newer: string, older?: string): string {
  const path = join(dataFolder, `${++files}.log`);
  writeFileSync(path, newer);
  if (older !== undefined) writeFileSync(`${path}.1`, older);
  return path;
}

/** Follows by hand: what the log says so far, and the way to end it. */
function follow(path: string, lines = 100) {
  const end = new AbortController();
  const seen = { text: '', over: false };
  const done = (async () => {
    for await (const part of followLog({ path, lines, isOver: () => seen.over, signal: end.signal })) seen.text += part;
  })();
  return { seen, end, done };
}

describe('logs', () => {
  it('are kept for each run, colours and all, and over a restart of the server', async () => {
    const instanceId = newInstance();
    for (const run of [1, 2]) {
      const order = shellOrder(instanceId, `printf '\\033[31mrun ${run}\\033[0m\\nlast'`, { run });
      await (await runtime.start(order)).ended;
    }
    const later = createLogs(dataFolder);
    expect(later.list(instanceId).map(({ run, logBytes }) => [run, logBytes])).toEqual([
      [2, 19],
      [1, 19],
    ]);
    expect(later.tail({ instanceId, run: 1 }, 5)).toBe('\x1b[31mrun 1\x1b[0m\nlast');
    expect(later.tail({ instanceId, run: 2 }, 1)).toBe('last');
    expect(later.tail({ instanceId, run: 3 }, 1)).toBe('');
    later.remove(instanceId);
    expect(later.list(instanceId)).toEqual([]);
    expect(readdirSync(join(dataFolder, 'instances'))).not.toContain(instanceId);
  });

  it('are followed from the first line to the end of the run, over its turns', async () => {
    const script = 'for i in 1 2 3 4 5 6 7 8; do printf "%0200d\\n" $i; sleep 0.2; done; exit 3';
    const run = await runtime.start(shellOrder(newInstance(), script));
    const text = await textOf(logs.follow({ ...run.record, lines: 100, signal: never }));
    expect(text.split('\n').map(Number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 0]);
    const again = await textOf(logs.follow({ ...run.record, lines: 2, signal: never }));
    expect(again.split('\n').map(Number)).toEqual([7, 8, 0]);
    const sizes = readdirSync(join(dataFolder, 'logs', 'instances', run.record.instanceId)).map(
      (name) => statSync(join(dataFolder, 'logs', 'instances', run.record.instanceId, name)).size,
    );
    expect(sizes).toEqual([608, 1_000]);
  });

  it('of instances of long ago are forgotten, of those that go on never', async () => {
    const order = shellOrder(newInstance(), 'sleep 60');
    const run = await runtime.start(order);
    const { instances } = run.record.socketPath.match(/^(?<instances>.*)\/[^/]+\/1\.sock$/)?.groups ?? {};
    const state: object = JSON.parse(readFileSync(join(dataFolder, 'instances', order.instanceId, '1.json'), 'utf8'));
    const end = { code: 0, signal: null, killed: false, logTail: '', ranMs: 1 };
    const others = Array.from({ length: 60 }, (_, i) => ({ instanceId: newInstance(), endedAt: 1_000 + i }));
    for (const { instanceId, endedAt } of others) {
      const folder = join(instances ?? '', instanceId);
      mkdirSync(folder);
      const old = { ...state, instanceId, folder, token: instanceId, startedAt: 900, endedAt, end };
      writeFileSync(join(folder, '1.json'), JSON.stringify(old));
    }
    await createGuardedRuntime({ dataFolder }).strays([run.record]);
    const kept = others.filter(({ instanceId }) => logs.list(instanceId).length > 0);
    expect(kept.length).toBeLessThan(50);
    expect(kept.length).toBeGreaterThan(40);
    expect(kept).toEqual(others.slice(-kept.length));
    expect(logs.list(order.instanceId).length).toBe(1);
    await run.stop();
  });

  it('of a run that nobody knows are empty', async () => {
    expect(await textOf(logs.follow({ instanceId: newInstance(), run: 1, lines: 9, signal: never }))).toBe('');
  });
});

describe('following', () => {
  it('gives the last lines of both files, then what comes, whole characters only', async () => {
    const path = newLog('c\nd', 'a\nb\n');
    const { seen, end, done } = follow(path, 3);
    await until(() => seen.text === 'b\nc\nd');
    const bytes = Buffer.from('é\n世');
    appendFileSync(path, bytes.subarray(0, 1));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(seen.text).toBe('b\nc\nd');
    appendFileSync(path, bytes.subarray(1));
    await until(() => seen.text === 'b\nc\ndé\n世');
    end.abort();
    await done;
  });

  it('misses nothing when the log turns', async () => {
    const path = newLog('one\n');
    const { seen, end, done } = follow(path);
    await until(() => seen.text === 'one\n');
    appendFileSync(path, 'two\n');
    renameSync(path, `${path}.1`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    writeFileSync(path, 'three\n');
    await until(() => seen.text === 'one\ntwo\nthree\n');
    end.abort();
    await done;
  });

  it('ends when nothing more will come, or nobody wants more', async () => {
    const path = newLog('');
    const one = follow(path);
    appendFileSync(path, 'the end');
    one.seen.over = true;
    await one.done;
    expect(one.seen.text).toBe('the end');
    const two = follow(join(dataFolder, 'nowhere', 'x.log'));
    two.end.abort();
    await two.done;
    expect(two.seen.text).toBe('');
  });

  it.each([
    ['', 1, ''],
    ['a', 1, 'a'],
    ['a\n', 1, 'a\n'],
    ['\n\n', 1, '\n'],
    ['a\n\nb', 2, '\nb'],
    ['a\n\nb', 3, 'a\n\nb'],
  ])('counts the last lines of %j: %i', async (text, lines, expected) => {
    const { seen, end, done } = follow(newLog(text), lines);
    seen.over = true;
    await done;
    end.abort();
    expect(seen.text).toBe(expected);
  });

  it('reads no more than the end of a large log', async () => {
    mkdirSync(join(dataFolder, 'logs', 'instances', 'large'), { recursive: true });
    writeFileSync(join(dataFolder, 'logs', 'instances', 'large', '1.log'), `${'x'.repeat(99)}\n`.repeat(50_000));
    const id = newInstance();
    renameSync(join(dataFolder, 'logs', 'instances', 'large'), join(dataFolder, 'logs', 'instances', id));
    expect(logs.tail({ instanceId: id, run: 1 }, 10)).toBe(`${'x'.repeat(99)}\n`.repeat(10));
    expect(logs.tail({ instanceId: id, run: 1 }, 50_000).length).toBe(2 << 20);
    expect(logs.tail({ instanceId: id, run: 1 }, 0)).toBe('');
  });
});
