/** The names that exist on the server, for a shell that completes a word. */

import { Client } from './client.ts';
import { Credentials, targetOf } from './credentials.ts';
import type { Item } from './item.ts';

/** What an argument can be, where to ask for it, and what is typed for it. */
const kinds: Readonly<Record<string, { readonly list: string; readonly fields: readonly string[] }>> = {
  deployment: { list: 'deployments', fields: ['name'] },
  route: { list: 'routes', fields: ['name'] },
  key: { list: 'keys', fields: ['name', 'id'] },
  user: { list: 'users', fields: ['name'] },
  device: { list: 'devices', fields: ['id'] },
  engine: { list: 'engines', fields: ['id'] },
  download: { list: 'downloads', fields: ['id'] },
  model: { list: 'catalogue', fields: ['name'] },
};

/** Shells expand what they are told here: a name that could be more than a word to them is left out. */
const isWord = /^[\w.:/@+-]{1,128}$/;
/** Nobody waits longer for a word. */
const timeoutMs = 2_000;

/** The kinds of arguments that can be completed. */
export function isCompletable(kind: string): boolean {
  return Object.hasOwn(kinds, kind);
}

/** The names of a kind; nothing at all where the server cannot be asked. */
export async function namesOf(
  kind: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const known = isCompletable(kind) ? kinds[kind] : undefined;
  if (known === undefined) return [];
  try {
    const client = new Client(targetOf({}, environment, new Credentials(environment)));
    const answer = await client.ask({ path: [known.list], query: { perPage: 200 }, timeoutMs });
    return answer.items('items').flatMap((item) => nameOf(item, known.fields));
  } catch {
    // A shell in the middle of a line has no place for an error.
    return [];
  }
}

/** The first field that a shell can take as a word. */
function nameOf(item: Item, fields: readonly string[]): readonly string[] {
  const found = fields.map((field) => item.text(field)).find((text) => isWord.test(text));
  return found === undefined ? [] : [found];
}
