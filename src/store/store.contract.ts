/** The one suite that every database under the store passes. */

import { describe, expect, it } from 'vitest';
import type { Store } from './database.ts';
import { fleetContract } from './fleet.contract.ts';
import { modelRoutesContract } from './model-routes.contract.ts';
import { peopleContract } from './people.contract.ts';
import { recordsContract } from './records.contract.ts';
import { writeSetting } from './settings.ts';
import { inTransaction } from './transaction.ts';
import { usageContract } from './usage.contract.ts';

/** `open` makes an empty store each time. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(name, () => {
    describe('people', () => peopleContract(open));
    describe('records', () => recordsContract(open));
    describe('fleet', () => fleetContract(open));
    describe('routes', () => modelRoutesContract(open));
    describe('usage', () => usageContract(open));

    it('is healthy while it is open', async () => {
      const store = await open();
      expect(await store.isHealthy()).toBe(true);
      await store.close();
      expect(await store.isHealthy()).toBe(false);
    });

    it('runs transactions one after another, each whole or not at all', async () => {
      const { db, close } = await open();
      const counted = Array.from({ length: 20 }, (_, index) =>
        inTransaction(db, async (inside) => {
          const before = await inside.selectFrom('settings').select('value').executeTakeFirst();
          await Promise.resolve();
          await writeSetting(inside, 'count', Number(before?.value ?? 0) + 1);
          if (index % 4 === 3) throw new TypeError('taken back');
        }),
      );
      const results = await Promise.allSettled(counted);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(15);
      expect((await db.selectFrom('settings').selectAll().execute())[0]?.value).toBe('15');
      await close();
    });
  });
}
