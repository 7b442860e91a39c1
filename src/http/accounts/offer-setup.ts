/** Tells the first link, while nobody could sign in: on a terminal, else in a file that only its owner can read. */

import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { countAdmins } from '../../store/users.ts';
import { createAdminLink } from './admin-link.ts';
import type { SessionParts } from './sessions.ts';

/** Where the link leads, and how it is told. */
export interface SetupOffer {
  /** The console's address. */
  readonly baseUrl: string;
  /** The data directory. */
  readonly folder: string;
  /** Writes a line to a terminal; absent = there is none, and logs are read by others. */
  readonly print?: (line: string) => void;
}

/** Makes and tells a link if there is no administrator. */
export async function offerSetup(parts: SessionParts, { baseUrl, folder, print }: SetupOffer): Promise<void> {
  await withdrawSetup(folder);
  if ((await countAdmins(parts.db)) > 0) return;
  const { url } = await createAdminLink(parts, { baseUrl });
  if (print !== undefined) return print(`Make the first administrator (once, within 30 minutes): ${url}`);
  const path = linkFile(folder);
  await writeFile(path, `${url}\n`, { mode: 0o600 });
  // A file that was there before keeps its mode.
  await chmod(path, 0o600);
}

/** Removes the file; its link opens nothing any more. */
export async function withdrawSetup(folder: string): Promise<void> {
  await rm(linkFile(folder), { force: true });
}

function linkFile(folder: string): string {
  return join(folder, 'admin-link');
}
