import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { downloadFile } from './download.ts';
import { madeUp, openBench, sha256Of } from './fixtures/download-bench.ts';
import { type FilePlan, startFileServer } from './fixtures/file-server.ts';
import { startProxy } from './fixtures/loopback-proxy.ts';
import { startLoopback } from './fixtures/loopback-server.ts';
import { openOutbound } from './fixtures/open-outbound.ts';
import type { DownloadProgress } from './progress-meter.ts';

const content = madeUp(300_000);
const sha256 = sha256Of(content);

describe('a download', () => {
  test('ends with the file in its place and nothing beside it', async () => {
    const { origin, seen } = await startFileServer({ content, etag: '"a"' });
    const { tools, target, hasPart } = openBench();
    const told: DownloadProgress[] = [];
    await downloadFile(tools, {
      url: `${origin}/x?sig=1`,
      target,
      sha256,
      sizeBytes: content.length,
      headers: { authorization: 'Bearer hub' },
      onProgress: (progress) => told.push(progress),
    });
    expect(readFileSync(target).equals(content)).toBe(true);
    expect(hasPart()).toBe(false);
    expect(told.at(-1)).toMatchObject({ bytesDone: content.length, bytesTotal: content.length });
    expect(seen[0]?.headers.authorization).toBe('Bearer hub');
    await downloadFile(tools, { url: `${origin}/x?sig=2`, target, sha256 });
    expect(seen).toHaveLength(1);
  });

  test('replaces a file that is not the one announced', async () => {
    const { origin } = await startFileServer({ content });
    const { tools, target } = openBench();
    mkdirSync(dirname(target));
    writeFileSync(target, 'old');
    await downloadFile(tools, { url: origin, target, sha256 });
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  test.each([true, false])('of nothing is an empty file (ranges: %s)', async (ranges) => {
    const { origin } = await startFileServer({ content: Buffer.alloc(0), ranges });
    const { tools, target, hasPart } = openBench();
    await downloadFile(tools, { url: origin, target, sizeBytes: 0 });
    expect(readFileSync(target)).toHaveLength(0);
    expect(hasPart()).toBe(false);
  });

  test('never takes a name from the server', async () => {
    const { origin } = await startLoopback((_request, response) => {
      response.writeHead(200, { 'content-disposition': 'attachment; filename="../../evil"' }).end('text');
    });
    const { tools, target } = openBench();
    await downloadFile(tools, { url: `${origin}/a`, target });
    expect(readFileSync(target, 'utf8')).toBe('text');
  });

  test('follows a redirect to the storage without the token', async () => {
    const storage = await startFileServer({ content, cutAfter: (index) => (index === 0 ? 1000 : undefined) });
    const hub = await startLoopback((_request, response) => {
      response.writeHead(302, { location: `${storage.origin}/blob?signature=s` }).end();
    });
    const { tools, target } = openBench();
    await downloadFile(tools, { url: hub.origin, target, sha256, headers: { authorization: 'Bearer hub' } });
    expect(storage.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    expect(hub.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer hub', 'Bearer hub']);
    expect(storage.ranges).toEqual(['bytes=0-', expect.stringMatching(/^bytes=(1000|0)-299999$/)]);
  });

  test('goes through a proxy', async () => {
    const { port } = await startFileServer({ content, cutAfter: (index) => (index === 0 ? 5000 : undefined) });
    const proxy = await startProxy(port);
    const { tools, target } = openBench({ outbound: openOutbound({ environment: { http_proxy: proxy.origin } }) });
    await downloadFile(tools, { url: 'http://hub.example/file', target, sha256 });
    expect(proxy.asked).toHaveLength(2);
  });
});

describe('a cut connection', () => {
  test('at any byte is gone on from', async () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 120_000 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cuts, async (lengths) => {
        const { origin, ranges } = await startFileServer({ content, etag: '"a"', cutAfter: (index) => lengths[index] });
        const { tools, target, hasPart } = openBench();
        await downloadFile(tools, { url: origin, target });
        expect(readFileSync(target).equals(content)).toBe(true);
        expect(hasPart()).toBe(false);
        const starts = ranges.map((range) => Number(/\d+/.exec(range)?.[0]));
        expect(starts).toEqual([...starts].sort((left, right) => left - right));
      }),
      { seed: 3, numRuns: 25 },
    );
  });

  test('is forgiven any number of times as long as much arrives', async () => {
    const large = madeUp(20 * 1024 * 1024);
    const { origin, ranges } = await startFileServer({ content: large, etag: '"a"', cutAfter: () => 1_500_000 });
    const { tools, target } = openBench();
    await downloadFile(tools, { url: origin, target, sha256: sha256Of(large) });
    expect(ranges.length).toBeGreaterThan(12);
  });

  test('is not forgiven for ever when nearly nothing arrives; what came is kept for the next time', async () => {
    const plan: FilePlan = { content, etag: '"a"', cutAfter: () => 1 };
    const { origin, ranges } = await startFileServer(plan);
    const { tools, target, pauses } = openBench();
    await expect(downloadFile(tools, { url: origin, target })).rejects.toMatchObject({ code: 'download_failed' });
    expect(ranges).toHaveLength(8);
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000]);
    plan.cutAfter = () => undefined;
    await downloadFile(tools, { url: origin, target });
    expect(ranges.at(-1)).toMatch(/^bytes=[1-8]-299999$/);
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  test('without ranges begins anew each time, and not for ever', async () => {
    const plan: FilePlan = { content, ranges: false, cutAfter: (index) => (index < 3 ? 1000 : undefined) };
    const { origin, ranges } = await startFileServer(plan);
    const { tools, target } = openBench();
    await downloadFile(tools, { url: origin, target });
    expect(readFileSync(target).equals(content)).toBe(true);
    expect(ranges).toHaveLength(4);
    plan.cutAfter = () => 2_000;
    await expect(downloadFile(tools, { url: origin, target })).rejects.toMatchObject({ code: 'download_failed' });
    expect(ranges).toHaveLength(12);
  });

  test('a stall is left and gone on from', async () => {
    const { origin, ranges } = await startFileServer({
      content,
      stallAfter: (index) => (index < 2 ? 1000 : undefined),
    });
    const { tools, target } = openBench({ idleTimeoutMs: 50 });
    await downloadFile(tools, { url: origin, target, sha256 });
    expect(ranges).toEqual(['bytes=0-', 'bytes=1000-299999', 'bytes=2000-299999']);
  });
});

describe('going on after a restart', () => {
  test('asks for the rest only, if the file is the same', async () => {
    const { origin, seen, ranges } = await startFileServer({
      content,
      etag: '"a"',
      stallAfter: (index) => (index === 0 ? 100_000 : undefined),
    });
    const { tools, target, hasPart } = openBench();
    const leave = new AbortController();
    const onProgress = ({ bytesDone }: DownloadProgress) => bytesDone >= 65_536 && leave.abort();
    const cancelled = downloadFile(tools, { url: origin, target, signal: leave.signal, onProgress });
    await expect(cancelled).rejects.toThrow('cancelled');
    expect(existsSync(target)).toBe(false);
    expect(hasPart()).toBe(true);
    await downloadFile(tools, { url: `${origin}/?new=signature`, target });
    expect(readFileSync(target).equals(content)).toBe(true);
    expect(Number(/\d+/.exec(ranges[1] ?? '')?.[0])).toBeGreaterThanOrEqual(65_536);
    expect(seen[1]?.headers['if-range']).toBe('"a"');
  });

  test('works from what a crash leaves at any moment', async () => {
    const large = madeUp(2_000_000);
    const { origin, ranges } = await startFileServer({ content: large, etag: '"a"' });
    const before = openBench();
    const after = openBench();
    mkdirSync(dirname(after.target));
    let copies = 0;
    await downloadFile(before.tools, {
      url: origin,
      target: before.target,
      onProgress: () => {
        if (!existsSync(`${before.target}.part.json`) || copies > 0) return;
        copies++;
        copyFileSync(`${before.target}.part.json`, `${after.target}.part.json`);
        copyFileSync(`${before.target}.part`, `${after.target}.part`);
      },
    });
    expect(copies).toBe(1);
    await downloadFile(after.tools, { url: origin, target: after.target });
    expect(ranges[1]).toMatch(/^bytes=[1-9]/);
    expect(readFileSync(after.target).equals(large)).toBe(true);
  });

  const saved = {
    identity: '',
    validator: '"a"',
    totalBytes: 300_000,
    segments: [{ start: 0, at: 200_000, end: 300_000 }],
  };
  test.each([
    ['is damaged', 'not json'],
    ['is of another file', JSON.stringify(saved)],
    ['makes no sense', JSON.stringify({ ...saved, segments: [{ start: 5, at: 1, end: 2 }] })],
    ['is of another kind', '[1]'],
  ])('begins anew if the state %s', async (_name, text) => {
    const { origin, ranges } = await startFileServer({ content, etag: '"a"' });
    const { tools, target } = openBench();
    mkdirSync(dirname(target));
    writeFileSync(`${target}.part`, Buffer.alloc(400_000, 7));
    writeFileSync(`${target}.part.json`, text);
    await downloadFile(tools, { url: origin, target });
    expect(ranges).toEqual(['bytes=0-']);
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  test('begins anew if the part is shorter than the state says', async () => {
    const { origin, ranges } = await startFileServer({
      content,
      etag: '"a"',
      cutAfter: (index) => (index < 8 ? 1000 : undefined),
    });
    const { tools, target } = openBench();
    await expect(downloadFile(tools, { url: origin, target })).rejects.toMatchObject({ code: 'download_failed' });
    writeFileSync(`${target}.part`, 'short');
    await downloadFile(tools, { url: origin, target });
    expect(ranges.at(-1)).toBe('bytes=0-');
    expect(readFileSync(target).equals(content)).toBe(true);
  });
});

describe('a file that changes on the way', () => {
  const newer = madeUp(310_000, 9);

  test.each([true, false])('is begun anew (If-Range heeded: %s)', async (ifRange) => {
    const plan = { content, etag: '"a"', ifRange, cutAfter: (index: number) => (index === 0 ? 100_000 : undefined) };
    const { origin } = await startFileServer(plan);
    const { tools, target } = openBench({
      pause: async () => {
        plan.content = newer;
        plan.etag = '"b"';
      },
    });
    await downloadFile(tools, { url: origin, target });
    expect(readFileSync(target).equals(newer)).toBe(true);
  });

  test('to a shorter one is begun anew (416)', async () => {
    const shorter = madeUp(50_000, 5);
    const plan = { content, cutAfter: (index: number) => (index === 0 ? 100_000 : undefined) };
    const { origin } = await startFileServer(plan);
    const { tools, target } = openBench({
      pause: async () => {
        plan.content = shorter;
      },
    });
    await downloadFile(tools, { url: origin, target });
    expect(readFileSync(target).equals(shorter)).toBe(true);
  });

  test('each time is given up', async () => {
    const plan = { content, etag: '"0"', ifRange: false, cutAfter: () => 50_000 };
    const { origin, ranges } = await startFileServer(plan);
    const { tools, target } = openBench({
      pause: async () => {
        plan.etag = `"${ranges.length}"`;
      },
    });
    await expect(downloadFile(tools, { url: origin, target })).rejects.toThrow('again and again');
    expect(ranges.length).toBeLessThan(10);
  });
});

describe('a wrong file', () => {
  test('is fetched once more, then refused and removed', async () => {
    const { origin, ranges } = await startFileServer({ content, etag: '"a"' });
    const { tools, target, hasPart } = openBench();
    const wrong = downloadFile(tools, { url: origin, target, sha256: sha256Of(Buffer.from('other')) });
    await expect(wrong).rejects.toMatchObject({ code: 'checksum_mismatch' });
    expect(ranges).toEqual(['bytes=0-', 'bytes=0-']);
    expect(existsSync(target)).toBe(false);
    expect(hasPart()).toBe(false);
  });

  test('is forgiven once', async () => {
    const { origin } = await startFileServer({
      content,
      instead: (_request, response, index) => index === 0 && response.end(madeUp(300_000, 2)) === response,
    });
    const { tools, target } = openBench();
    await downloadFile(tools, { url: origin, target, sha256 });
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  test.each([true, false])('of another size is not even read (ranges: %s)', async (ranges) => {
    const { origin } = await startFileServer({ content, ranges });
    const { tools, target } = openBench();
    const wrong = downloadFile(tools, { url: origin, target, sizeBytes: 299_999 });
    await expect(wrong).rejects.toMatchObject({ code: 'checksum_mismatch' });
    expect(existsSync(target)).toBe(false);
  });

  test('without an end is left at the size announced', async () => {
    const { origin, sockets } = await startLoopback((_request, response) => {
      const flood = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
      };
      response.on('drain', flood);
      flood();
    });
    const { tools, target } = openBench();
    const wrong = downloadFile(tools, { url: origin, target, sizeBytes: 1_000_000 });
    await expect(wrong).rejects.toMatchObject({ code: 'checksum_mismatch' });
    await expect.poll(() => sockets.size).toBe(0);
  });

  test.each([
    ['other bytes than asked for', { 'content-range': 'bytes 5-9/10' }],
    ['no Content-Range', {}],
    ['compressed bytes', { 'content-range': 'bytes 0-9/10', 'content-encoding': 'gzip' }],
  ])('with %s is refused in the end', async (_name, headers) => {
    const { origin, seen } = await startLoopback((_request, response) =>
      response.writeHead(206, headers).end('0123456789'),
    );
    const { tools, target } = openBench();
    await expect(downloadFile(tools, { url: origin, target })).rejects.toMatchObject({ code: 'download_failed' });
    expect(seen).toHaveLength(8);
  });

  test('of unknown total size is taken as a stream', async () => {
    const { origin } = await startLoopback((_request, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-9/*' }).end('0123456789');
    });
    const { tools, target } = openBench();
    await downloadFile(tools, { url: origin, target });
    expect(readFileSync(target, 'utf8')).toBe('0123456789');
  });
});

describe('a refusal', () => {
  test.each([400, 401, 403, 404, 410, 451])('with status %d is final at once', async (status) => {
    const { origin, seen } = await startLoopback((_request, response) => response.writeHead(status).end('{}'));
    const { tools, target, hasPart } = openBench();
    const refused = downloadFile(tools, { url: `${origin}/secret?token=1`, target });
    await expect(refused).rejects.toMatchObject({ code: 'download_refused' });
    await expect(refused).rejects.not.toThrow('token=1');
    expect(seen).toHaveLength(1);
    expect(hasPart()).toBe(false);
  });

  test.each([500, 502, 503, 504, 408, 429])('with status %d is asked again, eight times in all', async (status) => {
    const { origin, seen } = await startLoopback((_request, response) => response.writeHead(status).end());
    const { tools, target } = openBench();
    await expect(downloadFile(tools, { url: origin, target })).rejects.toMatchObject({ code: 'download_failed' });
    expect(seen).toHaveLength(8);
  });

  test('waits as long as the server asks, within reason', async () => {
    let retryAfter = '7';
    const { origin, ranges } = await startFileServer({
      content,
      instead: (_request, response, index) =>
        index % 2 === 0 && response.writeHead(429, { 'retry-after': retryAfter }).end() === response,
    });
    const { tools, target, pauses } = openBench();
    await downloadFile(tools, { url: origin, target });
    expect(pauses).toEqual([7000]);
    retryAfter = '86400';
    const refused = downloadFile(tools, { url: origin, target: `${target}2` });
    await expect(refused).rejects.toMatchObject({ code: 'download_failed', detail: { retryAfter: 86_400 } });
    expect(ranges).toHaveLength(3);
  });

  test('by the address guard is final', async () => {
    const { tools, target, pauses } = openBench();
    const refused = downloadFile(tools, { url: 'http://169.254.169.254/x', target });
    await expect(refused).rejects.toMatchObject({ code: 'address_refused' });
    expect(pauses).toEqual([]);
  });

  test('nobody listening is asked again, then said', async () => {
    const { origin, server } = await startLoopback(() => {});
    server.close();
    const { tools, target, pauses } = openBench();
    await expect(downloadFile(tools, { url: origin, target })).rejects.toMatchObject({
      code: 'download_failed',
      retryable: true,
    });
    expect(pauses).toHaveLength(7);
  });
});
