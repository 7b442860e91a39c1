import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { downloadFile } from './download.ts';
import { madeUp, openBench } from './fixtures/download-bench.ts';
import { type FilePlan, startFileServer } from './fixtures/file-server.ts';
import { startLoopback } from './fixtures/loopback-server.ts';
import { PartFile, partPath } from './part-file.ts';

const content = madeUp(300_000);

test('a file that does not fit is not begun; both numbers are said', async () => {
  const { origin, sockets } = await startFileServer({ content });
  const { tools, target, hasPart } = openBench({ readFreeBytes: async () => 299_999 });
  const full = downloadFile(tools, { url: origin, target });
  await expect(full).rejects.toMatchObject({ code: 'disk_full', status: 507 });
  await expect(full).rejects.toThrow('300.0 kB more are needed');
  await expect(full).rejects.toThrow('300.0 kB are free');
  expect(hasPart()).toBe(false);
  expect(existsSync(target)).toBe(false);
  await expect.poll(() => sockets.size).toBe(0);
});

test('what is there already needs no room again', async () => {
  const plan: FilePlan = { content, etag: '"a"', cutAfter: (index) => (index < 8 ? 30_000 : undefined) };
  const { origin } = await startFileServer(plan);
  const { tools, target } = openBench();
  await expect(downloadFile(tools, { url: origin, target })).rejects.toMatchObject({ code: 'download_failed' });
  const { segments } = JSON.parse(readFileSync(`${target}.part.json`, 'utf8'));
  const left = content.length - segments[0].at;
  expect(left).toBeLessThan(content.length);
  const short = downloadFile({ ...tools, readFreeBytes: async () => left - 1 }, { url: origin, target });
  await expect(short).rejects.toThrow(`${(left / 1000).toFixed(1)} kB more are needed`);
  await downloadFile({ ...tools, readFreeBytes: async () => left }, { url: origin, target });
  expect(readFileSync(target).equals(content)).toBe(true);
});

test('the system is asked where nobody else is', async () => {
  const { origin } = await startLoopback((_request, response) => {
    response.writeHead(200, { 'content-length': '900000000000000' }).write('x');
  });
  const { tools, target } = openBench();
  await expect(downloadFile(tools, { url: origin, target })).rejects.toThrow('900.0 TB more are needed');
});

test('others who fill the disk meanwhile end the download before it is full', async () => {
  const { origin, sockets } = await startFileServer({ content: madeUp(5_000_000), ranges: false });
  let looks = 0;
  const { tools, target } = openBench({ readFreeBytes: async () => (looks++ === 0 ? 1e9 : 1000) });
  await expect(downloadFile(tools, { url: origin, target })).rejects.toMatchObject({ code: 'disk_full' });
  await expect.poll(() => sockets.size).toBe(0);
});

test('a stream without a size does not fill the disk', async () => {
  const { origin } = await startLoopback((_request, response) => {
    const flood = () => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
    };
    response.on('drain', flood);
    flood();
  });
  let free = 257 * 1024 * 1024;
  const readFreeBytes = async () => {
    free -= 100_000;
    return free;
  };
  const { tools, target } = openBench({ readFreeBytes });
  await expect(downloadFile(tools, { url: origin, target })).rejects.toMatchObject({ code: 'disk_full' });
});

test.runIf(existsSync('/dev/full'))('a disk that fills up while writing says so', async () => {
  const { target } = openBench();
  mkdirSync(dirname(target));
  symlinkSync('/dev/full', partPath(target));
  const part = await PartFile.open(target);
  await expect(part.write(content, 0, 300_000)).rejects.toMatchObject({ code: 'disk_full' });
  await part.close();
});
