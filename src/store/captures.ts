/** The table of captured requests: of each key the newest, deleted with it. */

import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Bug } from '../base/errors.ts';
import type { ApiKeyId } from '../fleet/api-key.ts';
import type { Capture, CapturedRequest, CaptureId } from '../fleet/capture.ts';
import { type Page, type Paged, readPage } from './page.ts';
import type { Db } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** What is kept of one key. */
export interface CaptureLimits {
  readonly maxRequests: number;
  /** Of transcripts as JSON. */
  readonly maxBytes: number;
}

const compress = promisify(gzip);
const expand = promisify(gunzip);
/** No transcript is as long: what unpacks to more was not written by us. */
const maxTranscriptBytes = 16 * 2 ** 20;

const columns = { searched: ['model', 'outcome'], sorts: ['-atMs', 'model', 'outcome', 'sizeBytes'] } as const;
const facts = [
  ...(['id', 'keyId', 'atMs', 'model', 'outcome', 'durationMs', 'promptTokens'] as const),
  ...(['completionTokens', 'sizeBytes'] as const),
] as const;

/** Adds captured requests; those of keys that are gone are dropped, and of each key those that are too many. */
export async function insertCaptures(
  db: Db,
  captured: readonly CapturedRequest[],
  limits: CaptureLimits,
): Promise<void> {
  const packed = await Promise.all(
    captured.map(async ({ capture, transcript }) => {
      const bytes = await compress(transcript);
      return { ...capture, transcript: bytes.toString('base64') };
    }),
  );
  const ids = [...new Set(captured.map(({ capture }) => capture.keyId))];
  if (ids.length === 0) return;
  await inTransaction(db, async (inside) => {
    const keys = await inside.selectFrom('apiKeys').select('id').where('id', 'in', ids).execute();
    const known = new Set(keys.map(({ id }) => id));
    for (const row of packed) {
      if (!known.has(row.keyId)) continue;
      // One that was written by an attempt of which nobody heard that it succeeded is there already.
      await inside
        .insertInto('captures')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute();
    }
    for (const id of known) await dropOldest(inside, id, limits);
  });
}

async function dropOldest(db: Db, keyId: ApiKeyId, { maxRequests, maxBytes }: CaptureLimits): Promise<void> {
  const rows = await db
    .selectFrom('captures')
    .select(['id', 'sizeBytes'])
    .where('keyId', '=', keyId)
    .orderBy('atMs', 'desc')
    .orderBy('id', 'desc')
    .execute();
  let bytes = 0;
  const tooMany = rows.filter(({ sizeBytes }, index) => {
    bytes += sizeBytes;
    return index >= maxRequests || bytes > maxBytes;
  });
  for (const { id } of tooMany) await db.deleteFrom('captures').where('id', '=', id).execute();
}

/** What was captured of a key, in pages, the newest first. */
export function listCaptures(db: Db, keyId: ApiKeyId, page: Page): Promise<Paged<Capture>> {
  const query = db.selectFrom('captures').select(facts).where('keyId', '=', keyId);
  return readPage(query, page, { columns, read: (row) => row });
}

/** One captured request. */
export async function findCapture(db: Db, id: CaptureId): Promise<CapturedRequest | undefined> {
  const row = await db.selectFrom('captures').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  const { transcript, ...capture } = row;
  return { capture, transcript: await unpack(transcript, id) };
}

async function unpack(packed: string, id: string): Promise<string> {
  try {
    const bytes = await expand(Buffer.from(packed, 'base64'), { maxOutputLength: maxTranscriptBytes });
    return bytes.toString('utf8');
  } catch (cause) {
    throw new Bug(`The stored row ${id} of captures cannot be read; delete it.`, { cause });
  }
}
