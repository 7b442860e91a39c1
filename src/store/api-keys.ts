/** The table of API keys: found by the keyed hash of their secret, which itself is nowhere. */

import type { Selectable } from 'kysely';
import { type ApiKey, type ApiKeyId, type ApiKeySpec, apiKeyDefaults, apiKeySpecSchema } from '../fleet/api-key.ts';
import type { UserId } from '../fleet/user.ts';
import { jsonColumn } from './json-column.ts';
import { type Page, type Paged, readPage } from './page.ts';
import type { Db, Tables } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** A key and the hash by which it is found. */
export interface StoredApiKey {
  readonly key: ApiKey;
  readonly keyHash: string;
}

const readSpec = jsonColumn(apiKeySpecSchema, apiKeyDefaults);

const columns = {
  searched: ['name', 'hint'],
  sorts: ['-createdAt', 'name', 'lastUsedAt', 'expiresAt'],
} as const;

/** Adds a key. */
export async function insertApiKey(db: Db, { key, keyHash }: StoredApiKey): Promise<void> {
  const { id, ownerId, hint, createdAt, lastUsedAt, revision, ...spec } = key;
  const row = { id, ownerId, hint, createdAt, lastUsedAt: lastUsedAt ?? null, revision, keyHash };
  await db
    .insertInto('apiKeys')
    .values({ ...row, ...columnsOf(spec) })
    .execute();
}

/** The key whose secret has this hash. */
export async function findApiKeyByHash(db: Db, keyHash: string): Promise<ApiKey | undefined> {
  const row = await db.selectFrom('apiKeys').selectAll().where('keyHash', '=', keyHash).executeTakeFirst();
  return row && toApiKey(row);
}

/** The key of this id. */
export async function findApiKey(db: Db, id: ApiKeyId): Promise<ApiKey | undefined> {
  const row = await db.selectFrom('apiKeys').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toApiKey(row);
}

/** Keys in pages: all, or those of one owner. */
export function listApiKeys(db: Db, page: Page, ownerId?: UserId): Promise<Paged<ApiKey>> {
  const all = db.selectFrom('apiKeys').selectAll();
  const query = ownerId === undefined ? all : all.where('ownerId', '=', ownerId);
  return readPage(query, page, { columns, read: toApiKey });
}

/** Every key with its hash, for a cache. */
export async function allApiKeys(db: Db): Promise<readonly StoredApiKey[]> {
  const rows = await db.selectFrom('apiKeys').selectAll().execute();
  return rows.map((row) => ({ key: toApiKey(row), keyHash: row.keyHash }));
}

/** How many keys there are. */
export async function countApiKeys(db: Db): Promise<number> {
  const { total } = await db
    .selectFrom('apiKeys')
    .select((each) => each.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** Replaces what is said of a key that is still at `revision`; `changed` = is not, or is gone. */
export async function updateApiKey(
  db: Db,
  { id, revision }: Pick<ApiKey, 'id' | 'revision'>,
  spec: ApiKeySpec,
): Promise<ApiKey | 'changed'> {
  const row = await db
    .updateTable('apiKeys')
    .set({ ...columnsOf(spec), revision: revision + 1 })
    .where('id', '=', id)
    .where('revision', '=', revision)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? 'changed' : toApiKey(row);
}

/** Removes a key and its counters; false = there was none. */
export async function deleteApiKey(db: Db, id: ApiKeyId): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('apiKeys').where('id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Notes when keys were last used (Unix seconds), all at once. */
export function touchApiKeys(db: Db, lastUsed: ReadonlyMap<ApiKeyId, number>): Promise<void> {
  const idsByTime = new Map<number, ApiKeyId[]>();
  for (const [id, at] of lastUsed) {
    const ids = idsByTime.get(at);
    if (ids === undefined) idsByTime.set(at, [id]);
    else ids.push(id);
  }
  return inTransaction(db, async (inside) => {
    for (const [lastUsedAt, ids] of idsByTime)
      await inside.updateTable('apiKeys').set({ lastUsedAt }).where('id', 'in', ids).execute();
  });
}

function columnsOf(spec: ApiKeySpec) {
  const { name, scopes, expiresAt, allowedModels, limits, capture } = spec;
  return {
    name,
    expiresAt: expiresAt ?? null,
    spec: JSON.stringify({ name, scopes, expiresAt, allowedModels, limits, capture }),
  };
}

function toApiKey(row: Selectable<Tables['apiKeys']>): ApiKey {
  return {
    ...readSpec(row.spec, `${row.id} of apiKeys`),
    id: row.id,
    ownerId: row.ownerId,
    hint: row.hint,
    createdAt: row.createdAt,
    ...(row.lastUsedAt !== null && { lastUsedAt: row.lastUsedAt }),
    revision: row.revision,
  };
}
