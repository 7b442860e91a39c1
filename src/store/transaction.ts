/** Several changes as one, and unique names as an answer instead of an exception. */

import { isAppError } from '../base/errors.ts';
import type { Db } from './tables.ts';

/** Runs `work` in a transaction, or as part of the one it is already in; inside, use only the `db` handed in. */
export function inTransaction<T>(db: Db, work: (db: Db) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db) : db.transaction().execute(work);
}

/** The result, or `name_taken` where it collides with something that is there. */
export async function orTaken<T>(result: Promise<T>): Promise<T | 'name_taken'> {
  try {
    return await result;
  } catch (thrown) {
    if (isAppError(thrown) && thrown.code === 'name_taken') return 'name_taken';
    throw thrown;
  }
}
