import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openStore } from './database.ts';
import { settingsOf, userOf } from './fixtures/workshop.ts';
import { inTransaction } from './transaction.ts';
import { insertUser, listUsers } from './users.ts';

it('a search finds exactly the rows that hold its text, page by page', async () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'B', 'b', '%', '_', '\\', "'", '*', '[', ' ', 'é', '末') });
  const cases = fc.uniqueArray(letters, { maxLength: 12, selector: (name) => name.toLowerCase() });
  const holds = (name: string, search: string) => name.toLowerCase().includes(search.toLowerCase());
  const { db, close } = await openStore({ ...settingsOf(''), path: ':memory:' });
  await fc.assert(
    fc.asyncProperty(cases, letters, fc.integer({ min: 1, max: 5 }), async (names, search, perPage) => {
      await db.deleteFrom('users').execute();
      await inTransaction(db, async (inside) => {
        for (const name of names) await insertUser(inside, { user: userOf(name) });
      });
      const expected = names.filter((name) => holds(name, search)).sort();
      const found: string[] = [];
      for (let page = 1; page <= 1 + expected.length / perPage; page++) {
        const { items, total } = await listUsers(db, { page, perPage, search });
        expect(total).toBe(expected.length);
        expect(items.length).toBeLessThanOrEqual(perPage);
        found.push(...items.map(({ name }) => name));
      }
      expect(found.sort()).toEqual(expected);
    }),
    { seed: 5, numRuns: 150 },
  );
  await close();
});
