/** The table of secrets that must be read again (hub tokens, keys of remotes): sealed with a key that is not in the database. */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ConfigError } from '../base/errors.ts';
import type { Db } from './tables.ts';

/** What may be shown of a secret. */
export interface SecretFact {
  readonly name: string;
  /** Its last four characters; shorter ones show none. */
  readonly hint: string;
  readonly updatedAt: number;
}

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Keeps a secret under its name, in place of the earlier one; `key` has 32 bytes. */
export async function saveSecret(
  db: Db,
  key: Uint8Array,
  secret: { readonly name: string; readonly value: string; readonly updatedAt: number },
): Promise<void> {
  const { name, value, updatedAt } = secret;
  const row = { sealed: seal(key, name, value), hint: value.length < 16 ? '' : value.slice(-4), updatedAt };
  await db
    .insertInto('secrets')
    .values({ ...row, name })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
}

/** The value; absent = none of this name. Another key than the one it was kept with is a ConfigError. */
export async function readSecret(db: Db, key: Uint8Array, name: string): Promise<string | undefined> {
  const row = await db.selectFrom('secrets').select('sealed').where('name', '=', name).executeTakeFirst();
  return row === undefined ? undefined : open(key, name, row.sealed);
}

/** All secrets, without their values. */
export function listSecrets(db: Db): Promise<readonly SecretFact[]> {
  return db.selectFrom('secrets').select(['name', 'hint', 'updatedAt']).orderBy('name').execute();
}

/** Forgets a secret; false = there was none. */
export async function deleteSecret(db: Db, name: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('secrets').where('name', '=', name).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** The name is sealed in, so that rows cannot be swapped. */
function seal(key: Uint8Array, name: string, value: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(name));
  const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
}

function open(key: Uint8Array, name: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(Buffer.from(name))
      .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    const text = decipher.update(bytes.subarray(nonceBytes + tagBytes));
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new ConfigError(
      'invalid_config',
      `The stored secret '${name}' was kept with another secret key. Put back the file secret-key (or AIMINDSERVE_SECRET_KEY) it was made with, or set '${name}' anew.`,
      { cause },
    );
  }
}
