import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
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
  const { tools, target } = openBench({ readFreeBytes: async () => 299_999 });
  const full = downloadFile(tools, { url: origin, target });
  await expect(full).rejects.toMatchObject({ code: 'disk_full', status: 507 });
  await expect(full).rejects.toThrow('300.0 kB more are needed');
  await expect(full).rejects.toThrow('300.0 kB are free');
  expect(existsSync(target)).toBe(false);
  await expect.poll(() => sockets.size).toBe(0);
});

test('what is there already needs no room again', async () => {
  const plan: FilePlan = { content, etag: '"a"', cutAfter: (index) => (index < 8 ? 30_000 : undefined) };
  const { origin } = await startFileServer(plan);
  const { tools, target } = openBench();
  await expect(downloadFile(tools, { url: origin, target })).rejects.toMatchObject({ code: 'download_failed' });
  await downloadFile({ ...tools, readFreeBytes: async () => 60_000 }, { url: origin, target });
  expect(existsSync(target)).toBe(true);
});

test('the system is asked where nobody else is', async () => {
  const { origin } = await startLoopback((_request, response) => {
    response.writeHead(200, { 'content-length': '900000000000000' }).write('x');
  });
  const { tools, target } = openBench();
  await expect(downloadFile(tools, { url: origin, target })).rejects.toThrow('900.0 TB more are needed');
});

test.runIf(existsSync('/dev/full'))('a disk that fills up while writing says so', async () => {
  const { target } = openBench();
  mkdirSync(dirname(target));
  symlinkSync('/dev/full', partPath(target));
  const part = await PartFile.open(target);
  await expect(part.write(content, 0, 300_000)).rejects.toMatchObject({ code: 'disk_full' });
  await part.close();
});
