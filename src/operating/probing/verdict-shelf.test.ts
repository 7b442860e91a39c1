/** The shelf of verdicts on a real database. */

import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { type Log, silentLog } from '../../base/log.ts';
import type { ToolVerdict } from '../../fleet/tool-verdict.ts';
import { openStore, type Store } from '../../store/database.ts';
import { saveVerdict } from '../../store/verdicts.ts';
import { openVerdictShelf } from './verdict-shelf.ts';

async function store(): Promise<Store> {
  const opened = await openStore({ path: ':memory:', clock: systemClock, log: silentLog, backupsFolder: '' });
  onTestFinished(() => opened.close());
  return opened;
}

const verdict = (changes: Partial<ToolVerdict> = {}): ToolVerdict => ({
  ...{ verdict: 'proven', weights: 'w', format: 'hermes', engine: 'embedded 1', at: 5 },
  steps: [{ name: 'call', isOk: true, transcript: 'asked: …' }],
  ...changes,
});

it('knows what was kept before and what is kept now', async () => {
  const { db } = await store();
  await saveVerdict(db, verdict());
  const shelf = await openVerdictShelf(db, silentLog);
  expect(shelf.find(verdict())).toEqual(verdict());
  const failed = verdict({ verdict: 'failed', at: 6 });
  await shelf.keep(failed);
  await shelf.keep(verdict({ weights: 'others' }));
  expect(shelf.find(verdict())).toEqual(failed);
  expect((await openVerdictShelf(db, silentLog)).find(verdict())).toEqual(failed);
});

it('finds exactly, or the newest of whichever engine', async () => {
  const { db } = await store();
  await saveVerdict(db, verdict({ engine: 'embedded 2', at: 9, verdict: 'failed' }));
  await saveVerdict(db, verdict());
  await saveVerdict(db, verdict({ format: 'react', at: 20 }));
  const shelf = await openVerdictShelf(db, silentLog);
  expect(shelf.find(verdict({ engine: 'embedded 3' }))).toBeUndefined();
  expect(shelf.lastOf(verdict({ engine: 'embedded 3' }))).toMatchObject({ engine: 'embedded 2', at: 9 });
  await shelf.keep(verdict({ at: 30 }));
  expect(shelf.lastOf(verdict())).toMatchObject({ engine: 'embedded 1', at: 30 });
  expect(shelf.lastOf(verdict({ weights: 'unknown' }))).toBeUndefined();
  expect(shelf.lastOf(verdict({ format: 'qwen' }))).toBeUndefined();
});

it('opens empty, and says so, where verdicts cannot be read', async () => {
  const { db } = await store();
  await saveVerdict(db, verdict());
  await db.updateTable('verdicts').set({ steps: 'no JSON' }).execute();
  const said: string[] = [];
  const log: Log = { ...silentLog, error: (_, message) => said.push(message) };
  const shelf = await openVerdictShelf(db, log);
  expect(said).toEqual([expect.stringContaining('cannot be read')]);
  await shelf.keep(verdict());
  expect((await openVerdictShelf(db, silentLog)).find(verdict())).toEqual(verdict());
});

it('knows a verdict that could not be written', async () => {
  const opened = await store();
  const shelf = await openVerdictShelf(opened.db, silentLog);
  await opened.db.schema.dropTable('verdicts').execute();
  await expect(shelf.keep(verdict())).rejects.toBeDefined();
  expect(shelf.find(verdict())).toEqual(verdict());
});
