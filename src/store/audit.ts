/** The table of changes: written once, read in pages. */

import type { AuditEntry } from '../fleet/audit.ts';
import { type Page, type Paged, readPage } from './page.ts';
import type { Db } from './tables.ts';

const columns = {
  searched: ['actorName', 'action', 'targetId', 'targetName', 'address', 'requestId'],
  sorts: ['-atMs', 'actorName', 'action', 'targetName'],
} as const;

/** Adds an entry; best in the transaction of the change it tells of. */
export async function appendAudit(db: Db, entry: AuditEntry): Promise<void> {
  await db.insertInto('audit').values(entry).execute();
}

/** Entries in pages, newest first. */
export function listAudit(db: Db, page: Page): Promise<Paged<AuditEntry>> {
  return readPage(db.selectFrom('audit').selectAll(), page, { columns, read: (row) => ({ ...row }) });
}
