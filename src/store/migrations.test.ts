import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { databasePath } from './data-folder.ts';
import { lockDataFolder } from './data-lock.ts';
import { openStore } from './database.ts';
import { newFolder, settingsOf, startOther, storeIn, userOf } from './fixtures/workshop.ts';
import { type Migration, migrations, newestVersion, versionOf } from './migrations.ts';
import { openSqlite } from './sqlite-open.ts';
import { findUser, insertUser } from './users.ts';

/** Steps after the present ones, as later programs will have them. */
const later: readonly Migration[] = [1, 2].map((step) => ({
  version: newestVersion + step,
  name: `later ${step}`,
  up: async (db) => {
    await db.schema.alterTable('users').addColumn(`later${step}`, 'text').execute();
  },
}));
const steps = [...migrations, ...later];
const newest = newestVersion + later.length;

const open = async (folder: string, known: readonly Migration[] = migrations) => {
  const store = await openStore(settingsOf(folder), known);
  return { ...store, version: await versionOf(store.db) };
};
const backups = (folder: string) => readdirSync(join(folder, 'backups'));

describe('migrations', () => {
  it('are numbered without gaps', () => {
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1));
  });

  it('bring an empty database up to date, without a backup of nothing', async () => {
    const folder = newFolder();
    const store = await open(folder, steps);
    expect(store.version).toBe(newest);
    await store.close();
    expect(readdirSync(folder).filter((name) => !name.startsWith('aimindserve.db'))).toEqual([]);
  });

  it.each(steps.map(({ version }) => version))('bring version %i up to date and keep what is in it', async (from) => {
    const folder = newFolder();
    const old = await open(folder, steps.slice(0, from));
    await insertUser(old.db, { user: userOf('ann') });
    await old.close();
    const store = await open(folder, steps);
    expect(store.version).toBe(newest);
    expect(await findUser(store.db, userOf('ann').id)).toEqual(userOf('ann'));
    await store.close();
    if (from === newest) return expect(readdirSync(folder)).not.toContain('backups');
    const [backup = '', ...more] = backups(folder);
    expect(more).toEqual([]);
    expect(backup).toMatch(new RegExp(`-v${from}\\.db$`));
    const copy = await openStore(
      { ...settingsOf(folder), path: join(folder, 'backups', backup) },
      steps.slice(0, from),
    );
    expect(await findUser(copy.db, userOf('ann').id)).toEqual(userOf('ann'));
    await copy.close();
  });

  it('that fail leave the database as it was', async () => {
    const folder = newFolder();
    await (await open(folder)).close();
    const breaks: Migration = {
      version: newestVersion + 1,
      name: 'breaks',
      up: async (db) => {
        await db.schema.dropTable('users').execute();
        await db.schema.dropTable('no such table').execute();
      },
    };
    await expect(open(folder, [...migrations, breaks])).rejects.toThrow('no such table');
    const store = await open(folder);
    expect(store.version).toBe(newestVersion);
    expect(await insertUser(store.db, { user: userOf('ann') })).toEqual(userOf('ann'));
    await store.close();
  });

  it('leave a database alone that an older server uses, and run for the server that holds it', async () => {
    const folder = newFolder();
    await (await open(folder)).close();
    const other = startOther('holds-folder', folder);
    await other.says(1);
    await expect(open(folder, steps)).rejects.toMatchObject({ code: 'data_in_use' });
    await (await open(folder)).close();
    other.process.stdin?.end();
    await other.ended;
    const result = await lockDataFolder(folder, systemClock);
    const store = await open(folder, steps);
    expect(store.version).toBe(newest);
    await store.close();
    if (result.isOurs) await result.lock.release();
  });

  it('run once, however many processes open the file at once', async () => {
    const folder = newFolder();
    const stores = await Promise.all([1, 2, 3].map(() => open(folder, steps)));
    expect(stores.map(({ version }) => version)).toEqual([newest, newest, newest]);
    await Promise.all(stores.map(({ close }) => close()));
  });
});

describe('a database', () => {
  it('of a newer program is left alone; the message has the command that goes back', async () => {
    const folder = newFolder();
    await (await open(folder)).close();
    await (await open(folder, steps)).close();
    const [backup = ''] = backups(folder);
    const restore = `aimindserve restore ${join(folder, 'backups', backup)}`;
    await expect(open(folder)).rejects.toMatchObject({
      code: 'data_too_new',
      message: expect.stringContaining(restore),
    });
    await expect(open(folder)).rejects.toThrow(`version ${newest}, this program knows ${newestVersion}`);
    expect((await open(folder, steps)).version).toBe(newest);
  });

  it('of a newer program without a backup says so', async () => {
    const folder = newFolder();
    await (await open(folder, steps)).close();
    await expect(open(folder)).rejects.toThrow(/There is no backup/);
  });

  it('that is damaged is not opened; the message names the newest backup', async () => {
    const folder = newFolder();
    await (await open(folder)).close();
    await (await open(folder, steps.slice(0, -1))).close();
    await (await open(folder, steps)).close();
    const newestCopy = backups(folder).sort().at(-1) ?? '';
    for (const damage of ['not a database at all'.repeat(500), 'SQLite format 3\0'.padEnd(8_192, 'x')]) {
      writeFileSync(databasePath(folder), damage);
      const opened = open(folder, steps);
      await expect(opened).rejects.toMatchObject({ code: 'invalid_config' });
      await expect(opened).rejects.toThrow(`aimindserve restore ${join(folder, 'backups', newestCopy)}`);
    }
  });

  it('with a damaged page is found out at the start', async () => {
    const folder = newFolder();
    const store = await storeIn(folder);
    for (let index = 0; index < 50; index++) await insertUser(store.db, { user: userOf(`user ${index}`) });
    await store.close();
    const bytes = readFileSync(databasePath(folder));
    writeFileSync(databasePath(folder), bytes.fill(0x5a, 4_096 * 3, 4_096 * 20));
    await expect(open(folder)).rejects.toMatchObject({ code: 'invalid_config' });
  });

  it('of somebody else is not touched', async () => {
    const folder = newFolder();
    const other = await openSqlite(databasePath(folder));
    other.exec('CREATE TABLE theirs (a)');
    other.close();
    const before = readFileSync(databasePath(folder));
    await expect(open(folder)).rejects.toThrow('not a database of aimindserve');
    expect(readFileSync(databasePath(folder))).toEqual(before);
  });

  it('that cannot be made is reported', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'file'), '');
    const settings = { ...settingsOf(folder), path: join(folder, 'file', 'store.db') };
    await expect(openStore(settings)).rejects.toMatchObject({ kind: 'config' });
  });
});
