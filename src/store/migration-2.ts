/** Migration 2: what was used, what was captured, and who the clients are. */

import type { Kysely } from 'kysely';
import { type Columns, tableMaker } from './migration-1.ts';

/** Makes the tables. */
export async function usageTables<Tables>(db: Kysely<Tables>): Promise<void> {
  const table = tableMaker(db);
  // No foreign keys: what was used stays on the books when a key or a user is gone.
  const place: Columns = { startAt: 'number', spanSeconds: 'number', keyId: 'text', userId: 'text', model: 'text' };
  const usage: Columns = {
    ...place,
    ...{ requests: 'number', failedByRequest: 'number', failedByAuth: 'number', failedByLimit: 'number' },
    ...{ failedByUnavailable: 'number', failedByEngine: 'number', failedByOutput: 'number', failedByBug: 'number' },
    ...{ abandoned: 'number', promptTokens: 'number', completionTokens: 'number', cachedTokens: 'number' },
    ...{ callsValid: 'number', callsMended: 'number', callsCut: 'number', callsFailed: 'number' },
  };
  await table('usage', usage, Object.keys(place)).execute();
  const times: Columns = { ...place, measure: 'text', bucket: 'number', count: 'number' };
  await table('usageTimes', times, [...Object.keys(place), 'measure', 'bucket']).execute();
  const captures: Columns = {
    ...{ id: 'text', keyId: 'text', atMs: 'number', model: 'text', outcome: 'text', durationMs: 'number' },
    ...{ promptTokens: 'number', completionTokens: 'number', sizeBytes: 'number', transcript: 'text' },
  };
  await table('captures', captures, ['id'])
    .addForeignKeyConstraint('capturedKey', ['keyId'], 'apiKeys', ['id'], (key) => key.onDelete('cascade'))
    .execute();
  await db.schema.createIndex('capturesByKey').on('captures').columns(['keyId', 'atMs']).execute();
  const clients: Columns = {
    ...{ name: 'text', requests: 'number', firstSeenAt: 'number', lastSeenAt: 'number', deviations: 'text' },
  };
  await table('clients', clients, ['name']).execute();
}
