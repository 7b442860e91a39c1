import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { openStore } from './database.ts';
import { storeContract } from './store.contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'store-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
const open = (path: string) =>
  openStore({ path, clock: systemClock, log: silentLog, backupsFolder: join(folder, 'backups') });

storeContract('SQLite in memory', () => open(':memory:'));
storeContract('SQLite in a file', () => open(join(folder, `${count++}`, 'store.db')));
