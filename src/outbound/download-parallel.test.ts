import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { downloadFile } from './download.ts';
import { madeUp, openBench, sha256Of } from './fixtures/download-bench.ts';
import { type FilePlan, startFileServer } from './fixtures/file-server.ts';

const mebibyte = 1024 * 1024;
const content = madeUp(66 * mebibyte + 5);
const sha256 = sha256Of(content);

function hashOfFile(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function startsOf(ranges: readonly string[]): number[] {
  return ranges.map((range) => Number(/\d+/.exec(range)?.[0])).sort((left, right) => left - right);
}

const quarter = content.length / 4;
const quarters = [0, Math.floor(quarter), Math.floor(2 * quarter), Math.floor(3 * quarter)];

test('a large file is fetched in four ranges at once', async () => {
  const { origin, ranges } = await startFileServer({ content, etag: '"a"' });
  const { tools, target } = openBench({}, 10);
  await downloadFile(tools, { url: origin, target, sizeBytes: content.length });
  expect(startsOf(ranges)).toEqual(quarters);
  expect(hashOfFile(target)).toBe(sha256);
});

test('each range is gone on from where it was cut, a stall among them', async () => {
  const { origin, ranges } = await startFileServer({
    content,
    etag: '"a"',
    cutAfter: (index) => (index < 12 && index !== 5 ? 3 * mebibyte + index * 1111 : undefined),
    stallAfter: (index) => (index === 5 ? mebibyte : undefined),
  });
  const { tools, target } = openBench({ idleTimeoutMs: 100 }, 10);
  await downloadFile(tools, { url: origin, target });
  expect(ranges).toHaveLength(16);
  expect(hashOfFile(target)).toBe(sha256);
});

test('after a restart only what is missing is fetched, and no connection outlives a cancel', async () => {
  const { origin, ranges, sockets } = await startFileServer({ content, etag: '"a"' });
  const { tools, target } = openBench({}, 10);
  const leave = new AbortController();
  const cancelled = downloadFile(tools, {
    url: origin,
    target,
    signal: leave.signal,
    onProgress: ({ bytesDone }) => bytesDone > 20 * mebibyte && leave.abort(),
  });
  await expect(cancelled).rejects.toThrow('cancelled');
  await expect.poll(() => sockets.size, { timeout: 20_000 }).toBe(0);
  const before = ranges.length;
  await downloadFile(tools, { url: origin, target });
  const asked = ranges.slice(before).map((range) => {
    const [start = 0, end = 0] = (/\d+-\d+/.exec(range)?.[0] ?? '').split('-').map(Number);
    return end - start + 1;
  });
  const askedBytes = asked.reduce((sum, bytes) => sum + bytes, 0);
  expect(askedBytes).toBeGreaterThan(0);
  expect(askedBytes).toBeLessThanOrEqual(content.length - 20 * mebibyte);
  expect(hashOfFile(target)).toBe(sha256);
});

test('a server that knows ranges only from the first byte gets one stream', async () => {
  const { origin, ranges } = await startFileServer({
    content,
    instead: (request, response) => request.headers.range !== 'bytes=0-' && response.end(content) === response,
  });
  const { tools, target } = openBench({}, 10);
  await downloadFile(tools, { url: origin, target });
  expect(ranges.at(-1)).toBe('bytes=0-');
  expect(hashOfFile(target)).toBe(sha256);
});

test('a server without ranges gets one stream at once', async () => {
  const { origin, ranges } = await startFileServer({ content, ranges: false });
  const { tools, target } = openBench({}, 10);
  await downloadFile(tools, { url: origin, target });
  expect(ranges).toEqual(['bytes=0-']);
  expect(hashOfFile(target)).toBe(sha256);
});

test('a file that changes between the ranges is never stitched together', async () => {
  const newer = madeUp(content.length, 77);
  const plan: FilePlan = {
    content,
    etag: '"a"',
    ifRange: false,
    instead: (_request, _response, index) => {
      if (index !== 2) return false;
      plan.content = newer;
      plan.etag = '"b"';
      return false;
    },
  };
  const { origin } = await startFileServer(plan);
  const { tools, target } = openBench({}, 10);
  await downloadFile(tools, { url: origin, target });
  expect(hashOfFile(target)).toBe(sha256Of(newer));
});

test('a range that is longer than asked for does not reach into the next', async () => {
  const { origin } = await startFileServer({
    content,
    etag: '"a"',
    instead: (request, response) => {
      const [start = 0, end = 0] = (/\d+-\d+/.exec(request.headers.range ?? '')?.[0] ?? '').split('-').map(Number);
      if (end === 0) return false;
      response.writeHead(206, { etag: '"a"', 'content-range': `bytes ${start}-${end}/${content.length}` });
      response.write(content.subarray(start, end + 1));
      response.end(Buffer.alloc(8 * mebibyte));
      return true;
    },
  });
  const { tools, target } = openBench({}, 10);
  await downloadFile(tools, { url: origin, target });
  expect(hashOfFile(target)).toBe(sha256);
});

test('a refusal of one range ends the others', async () => {
  const { origin, ranges, sockets } = await startFileServer({
    content,
    etag: '"a"',
    stallAfter: () => mebibyte,
    instead: (_request, response, index) => index === 3 && response.writeHead(403).end() === response,
  });
  const { tools, target } = openBench({}, 10);
  await expect(downloadFile(tools, { url: origin, target })).rejects.toMatchObject({ code: 'download_refused' });
  expect(ranges).toHaveLength(4);
  await expect.poll(() => sockets.size, { timeout: 20_000 }).toBe(0);
});
