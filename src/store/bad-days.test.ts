import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { allApiKeys } from './api-keys.ts';
import { listAudit } from './audit.ts';
import { databasePath } from './data-folder.ts';
import { openStore } from './database.ts';
import { newFolder, settingsOf, startOther, storeIn, userOf } from './fixtures/workshop.ts';
import { writeSetting } from './settings.ts';
import type { Db } from './tables.ts';
import { countAdmins, findUser, insertUser } from './users.ts';

const everything = { page: 1, perPage: 1_000_000 };
const outage = { code: 'store_unavailable', retryable: true };

/** Numbers that are the same in every run (a linear congruence). */
function* numbers(seed: number, below: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    yield Math.floor((state / 2 ** 31) * below);
  }
}

/** Each change is there as a whole or not at all. */
async function wholeChanges(db: Db): Promise<ReadonlySet<string>> {
  const users = await db.selectFrom('users').select('id').orderBy('id').execute();
  const ids = users.map(({ id }) => String(id));
  expect((await allApiKeys(db)).map(({ keyHash }) => keyHash).sort()).toEqual(ids.sort());
  const audit = await listAudit(db, everything);
  expect(audit.items.map(({ id }) => id).sort()).toEqual(ids);
  return new Set(ids);
}

describe('two processes on one file', () => {
  it('killed twenty times at random points lose nothing that was acknowledged', async () => {
    const folder = newFolder();
    const acknowledged: string[] = [];
    const later = numbers(7, 40);
    for (let round = 0; round < 10; round++) {
      const writers = ['a', 'b'].map((name) => startOther('writes', folder, `${name}${round}`));
      await Promise.all(
        writers.map(async (writer) => {
          await writer.says(1 + later.next().value);
          writer.process.kill('SIGKILL');
          await writer.ended;
          acknowledged.push(...writer.said);
        }),
      );
    }
    const store = await storeIn(folder);
    const present = await wholeChanges(store.db);
    expect(acknowledged.length).toBeGreaterThanOrEqual(20);
    expect(acknowledged.filter((id) => !present.has(id))).toEqual([]);
    const { rows } = await sql`PRAGMA integrity_check`.execute(store.db);
    expect(rows).toEqual([{ integrity_check: 'ok' }]);
  }, 240_000);
});

describe('a database that another process has locked', () => {
  it('is waited for without standing still, then reported, and works again afterwards', async () => {
    const folder = newFolder();
    const { db, isHealthy } = await storeIn(folder);
    const other = startOther('holds-database', folder);
    await other.says(1);
    let turns = 0;
    const write = insertUser(db, { user: userOf('ann') });
    const counting = (async () => {
      for (; turns < 1_000; turns++) await turn();
    })();
    await expect(write).rejects.toMatchObject(outage);
    await counting;
    expect(turns).toBe(1_000);
    expect(await countAdmins(db), 'reading goes on').toBe(0);
    expect(await isHealthy()).toBe(false);
    other.process.stdin?.end();
    await other.ended;
    expect(await insertUser(db, { user: userOf('ann') })).toEqual(userOf('ann'));
    expect(await isHealthy()).toBe(true);
  });

  it('lets those who queue wait once, not one after another', async () => {
    const folder = newFolder();
    const { db, close } = await openStore({ ...settingsOf(folder), busyTimeoutMs: 1_000 });
    onTestFinished(() => close());
    const other = startOther('holds-database', folder);
    await other.says(1);
    const writes = Array.from({ length: 40 }, (_, index) => insertUser(db, { user: userOf(`user ${index}`) }));
    for (const result of await Promise.allSettled(writes)) expect(result).toMatchObject({ reason: outage });
    other.process.stdin?.end();
    await other.ended;
    expect(await insertUser(db, { user: userOf('ann') })).toEqual(userOf('ann'));
  }, 20_000);

  it('is written to as soon as the lock is gone', async () => {
    const folder = newFolder();
    const { db, close } = await openStore({ ...settingsOf(folder), busyTimeoutMs: 10_000 });
    onTestFinished(() => close());
    const other = startOther('holds-database', folder);
    await other.says(1);
    const write = insertUser(db, { user: userOf('ann') });
    for (let turns = 0; turns < 100; turns++) await turn();
    other.process.stdin?.end();
    expect(await write).toEqual(userOf('ann'));
  });
});

describe('a database file that goes away', () => {
  it('takes no write while it is away, and goes on when it is back', async () => {
    const folder = newFolder();
    const { db, isHealthy } = await storeIn(folder);
    await insertUser(db, { user: userOf('ann') });
    renameSync(databasePath(folder), `${databasePath(folder)}.away`);
    await expect(insertUser(db, { user: userOf('bob') })).rejects.toMatchObject(outage);
    expect(await isHealthy()).toBe(false);
    renameSync(`${databasePath(folder)}.away`, databasePath(folder));
    expect(await isHealthy()).toBe(true);
    expect(await findUser(db, userOf('ann').id)).toEqual(userOf('ann'));
    expect(await insertUser(db, { user: userOf('bob') })).toEqual(userOf('bob'));
  });

  it('is not mistaken for another file at its place', async () => {
    const folder = newFolder();
    const { db } = await storeIn(folder);
    renameSync(databasePath(folder), `${databasePath(folder)}.away`);
    writeFileSync(databasePath(folder), '');
    await expect(writeSetting(db, 'a', 1)).rejects.toMatchObject(outage);
    await expect(countAdmins(db)).rejects.toMatchObject(outage);
    renameSync(`${databasePath(folder)}.away`, databasePath(folder));
    await writeSetting(db, 'a', 1);
  });
});

describe('a full disk', () => {
  const large = 'x'.repeat(20_000);
  const fill = async (db: Db) => {
    for (let index = 0; index < 1_000; index++) await writeSetting(db, `large${index}`, large);
  };

  it('is reported, leaves what was written, and is forgotten once there is room', async () => {
    const { db } = await storeIn(newFolder());
    await insertUser(db, { user: userOf('ann') });
    await sql`PRAGMA max_page_count = 200`.execute(db);
    await expect(fill(db)).rejects.toMatchObject({ code: 'disk_full' });
    const whole = db.transaction().execute(async (inside) => {
      await insertUser(inside, { user: userOf('bob') });
      await writeSetting(inside, 'large', large.repeat(10));
    });
    await expect(whole).rejects.toMatchObject({ code: 'disk_full' });
    expect(await findUser(db, userOf('bob').id)).toBeUndefined();
    expect(await findUser(db, userOf('ann').id)).toEqual(userOf('ann'));
    await sql`PRAGMA max_page_count = 100000`.execute(db);
    expect(await insertUser(db, { user: userOf('bob') })).toEqual(userOf('bob'));
  });

  it('of a real file system does the same', async (context) => {
    const folder = newFolder();
    if (!mountSmall(folder)) return context.skip('file systems cannot be mounted here');
    const store = await openStore(settingsOf(folder));
    onTestFinished(() => asRoot('umount', '--lazy', folder));
    onTestFinished(() => store.close());
    await insertUser(store.db, { user: userOf('ann') });
    await expect(fill(store.db)).rejects.toMatchObject({ code: 'disk_full' });
    expect(await findUser(store.db, userOf('ann').id)).toEqual(userOf('ann'));
  });
});

function mountSmall(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  try {
    asRoot('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder);
    return true;
  } catch {
    return false;
  }
}

function asRoot(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'ignore' });
}
