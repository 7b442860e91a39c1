/** Is an SQLite file ours, and is it sound? */

import { ConfigError } from '../base/errors.ts';
import type { SqliteFile } from './sqlite-open.ts';

/** Marks a file as ours in its header: `aMSv`. */
const applicationId = 0x614d5376;

/** Marks a database that has no tables yet. */
export function markNew(file: SqliteFile): void {
  if (firstValue(file, 'SELECT count(*) FROM sqlite_schema') === 0) file.exec(`PRAGMA application_id=${applicationId}`);
}

/** Throws a ConfigError for a database of somebody else. */
export function ensureOurs(file: SqliteFile, path: string): void {
  if (firstValue(file, 'PRAGMA application_id') === applicationId) return;
  throw new ConfigError('invalid_config', `${path} is not a database of aimindserve.`);
}

/** The first fault in the file; `quick` leaves out whether indexes hold what their tables do. */
export function findFault(file: SqliteFile, depth: 'quick' | 'full'): string | undefined {
  const verdict = firstValue(file, depth === 'quick' ? 'PRAGMA quick_check(1)' : 'PRAGMA integrity_check(1)');
  return verdict === 'ok' ? undefined : String(verdict);
}

function firstValue(file: SqliteFile, query: string): unknown {
  const row: unknown = file.prepare(query).get();
  return typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined;
}
