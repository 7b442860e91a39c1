import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { holderOf, lockDataFolder } from './data-lock.ts';
import { newFolder, startOther } from './fixtures/workshop.ts';

it('a data directory is for one server, which says where it answers', async () => {
  const folder = join(newFolder(), 'new');
  const first = await lockDataFolder(folder, systemClock);
  if (!first.isOurs) throw new TypeError('a new directory is held');
  const second = await lockDataFolder(folder, systemClock);
  expect(second).toMatchObject({ isOurs: false, holder: { pid: process.pid, startTime: expect.any(Number) } });
  await first.lock.update({ url: 'http://127.0.0.1:8080' });
  expect(await holderOf(folder)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:8080' });
  expect(statSync(folder).mode & 0o77).toBe(0);
  await first.lock.release();
  await first.lock.release();
  expect(await holderOf(folder)).toBeUndefined();
  expect(existsSync(join(folder, 'server.json'))).toBe(false);
});

it('is free at once when its server is killed, whatever it left behind', async () => {
  const folder = newFolder();
  const other = startOther('holds-folder', folder);
  await other.says(1);
  expect(other.said).toEqual(['held']);
  const result = await lockDataFolder(folder, systemClock);
  expect(result).toMatchObject({ isOurs: false, holder: { pid: other.process.pid, url: 'http://127.0.0.1:8080' } });
  other.process.kill('SIGKILL');
  await other.ended;
  expect(existsSync(join(folder, 'server.json'))).toBe(true);
  const taken = await lockDataFolder(folder, systemClock);
  expect(taken.isOurs).toBe(true);
  if (taken.isOurs) await taken.lock.release();
});

it('goes to one of many who ask at once', async () => {
  const folder = newFolder();
  const results = await Promise.all(Array.from({ length: 8 }, () => lockDataFolder(folder, systemClock)));
  const locks = results.flatMap((result) => (result.isOurs ? [result.lock] : []));
  expect(locks).toHaveLength(1);
  for (const lock of locks) await lock.release();
});

it('does not stumble over facts that make no sense, nor over a folder that cannot be', async () => {
  const folder = newFolder();
  const first = await lockDataFolder(folder, systemClock);
  expect(first.isOurs).toBe(true);
  for (const text of ['', '[', 'null', '{"pid":"x","url":5}']) {
    writeFileSync(join(folder, 'server.json'), text);
    expect(await holderOf(folder), text).toEqual({});
  }
  if (first.isOurs) await first.lock.release();
  await expect(lockDataFolder(join(folder, 'server.lock', 'x'), systemClock)).rejects.toMatchObject({ kind: 'config' });
});
