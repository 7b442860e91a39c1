/** What SQLite's error numbers mean to callers (https://www.sqlite.org/rescode.html). */

import { type AppError, Bug, ConfigError, isAppError, RequestError, UnavailableError } from '../base/errors.ts';

/** SQLite's own texts, for calls of the package that leave out the number (`all`). */
const codeByText: ReadonlyArray<readonly [string, number]> = [
  ['UNIQUE constraint failed', 2067],
  ['FOREIGN KEY constraint failed', 787],
  ['database is locked', 5],
  ['database table is locked', 6],
  ['attempt to write a readonly database', 8],
  ['disk I/O error', 10],
  ['database disk image is malformed', 11],
  ['database or disk is full', 13],
  ['unable to open database file', 14],
  ['locking protocol', 15],
  ['file is not a database', 26],
];

/** SQLite's extended result code; undefined = the error is not SQLite's. */
function codeOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if ('errcode' in thrown && typeof thrown.errcode === 'number') return thrown.errcode;
  return codeByText.find(([text]) => thrown.message.includes(text))?.[1];
}

/** Does somebody else hold the lock (busy, locked)? */
export function isBusy(thrown: unknown): boolean {
  const primary = (codeOf(thrown) ?? 0) & 0xff;
  return primary === 5 || primary === 6;
}

/** Is the file itself no good (corrupt, not a database)? */
export function isDamage(thrown: unknown): boolean {
  const primary = (codeOf(isAppError(thrown) ? thrown.detail.cause : thrown) ?? 0) & 0xff;
  return primary === 11 || primary === 26;
}

/** Constraints: unique, primary key, row id; and foreign key. */
const uniqueCodes: readonly number[] = [2067, 1555, 2579];
const foreignKeyCode = 787;
/** Full; and no room for the shared memory of the log. */
const fullCodes: readonly number[] = [13, 4874];
/** Permission, busy, locked, out of memory, read-only, interrupted, I/O, corrupt, cannot open, protocol, not a database. */
const outageCodes: readonly number[] = [3, 5, 6, 7, 8, 9, 10, 11, 14, 15, 26];

/** Whatever the library threw as an error of ours. */
export function translate(thrown: unknown): AppError {
  if (isAppError(thrown)) return thrown;
  const code = codeOf(thrown);
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const detail = { cause: thrown, internal: `SQLite ${code ?? ''}: ${text}` };
  if (code === undefined) return new Bug(text, detail);
  if (uniqueCodes.includes(code))
    return new RequestError('name_taken', 'Something of this name exists already.', detail);
  if (code === foreignKeyCode)
    return new RequestError('conflict', 'Something this refers to does not exist any more.', detail);
  if (fullCodes.includes(code) || fullCodes.includes(code & 0xff))
    return new UnavailableError('disk_full', 'The disk of the data directory is full; nothing was changed.', detail);
  if (!outageCodes.includes(code & 0xff)) return new Bug(text, detail);
  const reason = isBusy(thrown) ? 'is locked by another program' : 'cannot be read or written';
  return new UnavailableError('store_unavailable', `The database ${reason}; try again.`, { ...detail, retryAfter: 5 });
}

/** What stopped a start or a copy: something at `path` is wrong, unless others only hold the lock for a moment. */
export function translateAtStart(thrown: unknown, path: string): AppError {
  if (isAppError(thrown)) return thrown;
  if (isBusy(thrown)) return translate(thrown);
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new ConfigError('invalid_config', `${path} cannot be used: ${reason}.`, { cause: thrown });
}
