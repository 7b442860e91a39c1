import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { backupStore, restoreStore } from './backup.ts';
import { databasePath } from './data-folder.ts';
import { lockDataFolder } from './data-lock.ts';
import { openStore } from './database.ts';
import { newFolder, settingsOf, startOther, storeIn, userOf } from './fixtures/workshop.ts';
import { migrations, newestVersion } from './migrations.ts';
import { openSqlite } from './sqlite-open.ts';
import { findUserByName, insertUser } from './users.ts';

/** A folder with a closed store of these users. */
async function filled(...names: readonly string[]): Promise<string> {
  const folder = newFolder();
  const store = await openStore(settingsOf(folder));
  for (const name of names) await insertUser(store.db, { user: userOf(name) });
  await store.close();
  return folder;
}

async function usersOf(path: string, ...names: readonly string[]): Promise<readonly boolean[]> {
  const store = await openStore({ ...settingsOf(newFolder()), path });
  const found = await Promise.all(names.map(async (name) => (await findUserByName(store.db, name)) !== undefined));
  await store.close();
  return found;
}

describe('a backup', () => {
  it('of a running store is one file that has all that was acknowledged', async () => {
    const folder = newFolder();
    const store = await storeIn(folder);
    await insertUser(store.db, { user: userOf('ann') });
    const target = join(folder, 'copy.db');
    await backupStore(folder, systemClock, target);
    await insertUser(store.db, { user: userOf('bob') });
    expect(readdirSync(folder).filter((name) => name.startsWith('copy'))).toEqual(['copy.db']);
    expect(statSync(target).mode & 0o77).toBe(0);
    expect(await usersOf(target, 'ann', 'bob')).toEqual([true, false]);
  });

  it('can be made while another process writes all the time', async () => {
    const folder = newFolder();
    const writer = startOther('writes', folder, 'w');
    for (let round = 1; round <= 3; round++) {
      await writer.says(round * 20);
      const before = [...writer.said];
      const target = join(folder, `copy${round}.db`);
      await backupStore(folder, systemClock, target);
      expect(await usersOf(target, ...before)).toEqual(before.map(() => true));
    }
    const count = writer.said.length;
    await writer.says(count + 20);
    writer.process.kill('SIGKILL');
    await writer.ended;
  });

  it('goes among the others by itself, where a start that fails finds it', async () => {
    const folder = await filled('ann');
    const copy = await backupStore(folder, systemClock);
    expect(await usersOf(copy, 'ann')).toEqual([true]);
    writeFileSync(databasePath(folder), 'rubbish'.repeat(1_000));
    await expect(openStore(settingsOf(folder))).rejects.toThrow(`aimindserve restore ${copy}`);
    await restoreStore(copy, folder, systemClock);
    expect(await usersOf(databasePath(folder), 'ann')).toEqual([true]);
  });

  it('never goes over a file, and needs a database', async () => {
    const folder = await filled();
    writeFileSync(join(folder, 'there'), 'precious');
    await expect(backupStore(folder, systemClock, join(folder, 'there'))).rejects.toMatchObject({ kind: 'config' });
    expect(readFileSync(join(folder, 'there'), 'utf8')).toBe('precious');
    const nowhere = join(folder, 'no such folder', 'new');
    await expect(backupStore(folder, systemClock, nowhere)).rejects.toMatchObject({ kind: 'config' });
    await expect(backupStore(newFolder(), systemClock, join(folder, 'new'))).rejects.toMatchObject({ kind: 'config' });
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });
});

describe('restoring', () => {
  it('puts the copy in place and keeps what was there', async () => {
    const folder = await filled('ann');
    const copy = join(folder, 'copy.db');
    await backupStore(folder, systemClock, copy);
    const store = await openStore(settingsOf(folder));
    await insertUser(store.db, { user: userOf('bob') });
    await store.close();
    const { replaced = '' } = await restoreStore(copy, folder, systemClock);
    expect(await usersOf(databasePath(folder), 'ann', 'bob')).toEqual([true, false]);
    expect(await usersOf(replaced, 'ann', 'bob')).toEqual([true, true]);
    expect(await usersOf(copy, 'ann', 'bob')).toEqual([true, false]);
  });

  it('keeps also what a killed server had only in its log', async () => {
    const folder = newFolder();
    const copy = join(await filled('old'), 'copy.db');
    await backupStore(join(copy, '..'), systemClock, copy);
    const writer = startOther('writes', folder, 'w');
    await writer.says(5);
    writer.process.kill('SIGKILL');
    await writer.ended;
    const { replaced = '' } = await restoreStore(copy, folder, systemClock);
    expect(await usersOf(databasePath(folder), 'old', 'w-0')).toEqual([true, false]);
    expect(await usersOf(replaced, 'old', ...writer.said)).toEqual([false, ...writer.said.map(() => true)]);
  });

  it('makes a new data directory', async () => {
    const copy = databasePath(await filled('ann'));
    const folder = join(newFolder(), 'new');
    expect(await restoreStore(copy, folder, systemClock)).toEqual({});
    expect(await usersOf(databasePath(folder), 'ann')).toEqual([true]);
  });

  it('replaces a damaged database, and leaves none of its log under the new one', async () => {
    const copy = databasePath(await filled('ann'));
    const folder = newFolder();
    writeFileSync(databasePath(folder), 'rubbish'.repeat(1_000));
    writeFileSync(`${databasePath(folder)}-wal`, 'rubbish'.repeat(1_000));
    const { replaced = '' } = await restoreStore(copy, folder, systemClock);
    expect(readFileSync(replaced, 'utf8')).toContain('rubbish');
    expect(await usersOf(databasePath(folder), 'ann')).toEqual([true]);
  });

  it('asks for a stopped server', async () => {
    const folder = await filled('ann');
    const copy = databasePath(await filled('bob'));
    const other = startOther('holds-folder', folder);
    await other.says(1);
    const refused = { code: 'data_in_use', message: expect.stringContaining('http://127.0.0.1:8080') };
    await expect(restoreStore(copy, folder, systemClock)).rejects.toMatchObject(refused);
    other.process.stdin?.end();
    await other.ended;
    await restoreStore(copy, folder, systemClock);
    expect(await usersOf(databasePath(folder), 'ann', 'bob')).toEqual([false, true]);
    const free = await lockDataFolder(folder, systemClock);
    expect(free.isOurs).toBe(true);
    if (free.isOurs) await free.lock.release();
  });

  it('refuses copies that are damaged, foreign, too new or not there, and changes nothing', async () => {
    const folder = await filled('ann');
    const before = readFileSync(databasePath(folder));
    const others = newFolder();
    const path = (name: string) => join(others, name);
    writeFileSync(path('rubbish'), 'rubbish'.repeat(1_000));
    const sound = readFileSync(
      databasePath(await filled(...Array.from({ length: 50 }, (_, index) => `user ${index}`))),
    );
    writeFileSync(path('torn'), sound.subarray(0, sound.length / 2));
    writeFileSync(path('holed'), sound.fill(0x5a, 4_096 * 3, 4_096 * 20));
    const foreign = await openSqlite(path('foreign'));
    foreign.exec('CREATE TABLE theirs (a)');
    foreign.close();
    const next = { version: newestVersion + 1, name: 'later', up: async () => {} };
    await (await openStore({ ...settingsOf(others), path: path('newer') }, [...migrations, next])).close();
    for (const name of ['rubbish', 'torn', 'holed', 'foreign', 'newer', 'nowhere'])
      await expect(restoreStore(path(name), folder, systemClock), name).rejects.toMatchObject({ kind: 'config' });
    expect(readFileSync(databasePath(folder))).toEqual(before);
    expect(readdirSync(folder).filter((name) => /replaced|restoring/.test(name))).toEqual([]);
  });
});
