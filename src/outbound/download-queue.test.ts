import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { randomHex } from '../base/clock.ts';
import { downloadFile } from './download.ts';
import { createDownloadQueue, type DownloadQueue, type QueuedDownload } from './download-queue.ts';
import { madeUp, openBench, sha256Of } from './fixtures/download-bench.ts';
import { startFileServer } from './fixtures/file-server.ts';

const content = madeUp(300_000);
const sha256 = sha256Of(content);

/** A queue of real downloads whose server stalls until `release` is called. */
async function openQueue(mostRunning = 3) {
  let isHeld = true;
  const server = await startFileServer({ content, etag: '"a"', stallAfter: () => (isHeld ? 100_000 : undefined) });
  const { tools, target } = openBench({ idleTimeoutMs: 200 });
  const queue = createDownloadQueue({ download: (job) => downloadFile(tools, job), mostRunning, randomHex });
  onTestFinished(() => queue.close());
  const release = () => {
    isHeld = false;
  };
  return { ...server, queue, release, target, path: (name: string) => join(dirname(target), name) };
}

function states(queue: DownloadQueue): string[] {
  return queue.list().map(({ state }) => state);
}

test('two who want the same file share one download and its progress', async () => {
  const { queue, origin, ranges, release, target } = await openQueue();
  const heard = [0, 0];
  const job = { url: `${origin}/f?secret=1`, target, sha256 };
  const first = queue.fetch({ ...job, onProgress: ({ bytesDone }) => (heard[0] = bytesDone) });
  const second = queue.fetch({
    ...job,
    url: `${origin}/mirror`,
    onProgress: ({ bytesDone }) => (heard[1] = bytesDone),
  });
  await expect.poll(() => ranges.length).toBeGreaterThan(0);
  expect(queue.list()).toHaveLength(1);
  expect(queue.list()[0]).toMatchObject({ state: 'running', url: `${origin}/f`, target });
  expect(queue.list()[0]?.id).toMatch(/^dl_[0-9a-f]{16}$/);
  release();
  await Promise.all([first, second]);
  expect(readFileSync(target).equals(content)).toBe(true);
  expect(heard).toEqual([300_000, 300_000]);
  expect(ranges.filter((range) => range === 'bytes=0-')).toHaveLength(1);
  expect(states(queue)).toEqual(['done']);
});

test('another file to the same target is a conflict', async () => {
  const { queue, origin, release, target } = await openQueue();
  const first = queue.fetch({ url: `${origin}/a`, target });
  await expect(queue.fetch({ url: `${origin}/b`, target })).rejects.toMatchObject({ code: 'conflict' });
  await expect(queue.fetch({ url: `${origin}/a`, target, sha256 })).rejects.toMatchObject({ code: 'conflict' });
  release();
  await first;
});

test('one who leaves does not end it for the other', async () => {
  const { queue, origin, target, ranges, release } = await openQueue();
  const one = new AbortController();
  const first = queue.fetch({ url: origin, target, signal: one.signal });
  const second = queue.fetch({ url: origin, target });
  await expect.poll(() => ranges.length).toBeGreaterThan(0);
  one.abort();
  await expect(first).rejects.toThrow('cancelled');
  release();
  await second;
  expect(readFileSync(target).equals(content)).toBe(true);
  expect(states(queue)).toEqual(['done']);
});

test('the last who leaves ends it', async () => {
  const { queue, origin, sockets, target, release } = await openQueue();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = queue.fetch({ url: origin, target, signal: one.signal });
  const second = queue.fetch({ url: origin, target, signal: two.signal });
  await expect.poll(() => queue.list()[0]?.progress.bytesDone).toBeGreaterThan(0);
  one.abort();
  two.abort();
  await expect(first).rejects.toThrow('cancelled');
  await expect(second).rejects.toThrow('cancelled');
  // Whoever comes now waits until the files are closed, and goes on with what is there.
  release();
  await queue.fetch({ url: origin, target });
  expect(states(queue)).toEqual(['cancelled', 'done']);
  expect(readFileSync(target).equals(content)).toBe(true);
  await queue.close();
  await expect.poll(() => sockets.size, { timeout: 20_000 }).toBe(0);
});

test('a cancel ends it for all; nothing ended or unknown can be cancelled', async () => {
  const { queue, origin, target, ranges } = await openQueue();
  const both = [queue.fetch({ url: origin, target }), queue.fetch({ url: origin, target })];
  await expect.poll(() => ranges.length).toBeGreaterThan(0);
  const id = queue.list()[0]?.id ?? '';
  expect(queue.cancel(id)).toBe(true);
  for (const one of both) await expect(one).rejects.toMatchObject({ code: 'download_failed' });
  expect(queue.cancel(id)).toBe(false);
  expect(queue.cancel('dl_0')).toBe(false);
  expect(states(queue)).toEqual(['cancelled']);
});

test('no more run than allowed; the others wait in their order and can be cancelled there', async () => {
  const { queue, origin, release, path } = await openQueue(2);
  const order: string[] = [];
  queue.subscribe(({ state, target }) => {
    if (state === 'running' && !order.includes(target)) order.push(target);
    expect(states(queue).filter((one) => one === 'running').length).toBeLessThanOrEqual(2);
  });
  const names = ['a', 'b', 'c', 'd', 'e'].map(path);
  const fetches = names.map((target) => queue.fetch({ url: `${origin}/${target}`, target, sha256 }));
  const outcomes = Promise.allSettled(fetches);
  await expect.poll(() => states(queue)).toEqual(['running', 'running', 'waiting', 'waiting', 'waiting']);
  const [, , third, fourth] = queue.list();
  for (const waiting of [third, fourth]) expect(queue.cancel(waiting?.id ?? '')).toBe(true);
  release();
  const failed = (await outcomes).map(({ status }) => status === 'rejected');
  expect(failed).toEqual([false, false, true, true, false]);
  expect(order).toEqual([names[0], names[1], names[4]]);
});

test('a failure is told to all and listed with its reason; the next try is a new download', async () => {
  const { queue, target } = await openQueue();
  const seen: QueuedDownload[] = [];
  const stop = queue.subscribe((download) => seen.push(download));
  const url = 'http://169.254.169.254/x';
  const both = await Promise.allSettled([queue.fetch({ url, target }), queue.fetch({ url, target })]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(queue.list()[0]).toMatchObject({ state: 'failed', error: { code: 'address_refused' } });
  expect(seen.map(({ state }) => state)).toEqual(['waiting', 'running', 'failed']);
  stop();
  await expect(queue.fetch({ url, target })).rejects.toMatchObject({ code: 'address_refused' });
  expect(seen).toHaveLength(3);
  expect(states(queue)).toEqual(['failed', 'failed']);
});

test('closing ends all and takes no more', async () => {
  const { queue, origin, path } = await openQueue(1);
  const outcomes = Promise.allSettled(['a', 'b'].map((name) => queue.fetch({ url: origin, target: path(name) })));
  await queue.close();
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(queue.fetch({ url: origin, target: path('c') })).rejects.toMatchObject({ code: 'shutting_down' });
});
