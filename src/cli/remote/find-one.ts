/** Finds the one thing that a person names, by its id or by its name. */

import { RequestError } from '../../base/errors.ts';
import type { Client } from './client.ts';
import type { Item } from './item.ts';

/** Where to look, and what it is called. */
export interface Search {
  /** The list below `/api/v1`. */
  readonly list: string;
  /** For people, e.g. `user`. */
  readonly noun: string;
}

/** The only thing of this id or name; throws if there is none, or several of the name. */
export async function findOne(client: Client, { list, noun }: Search, wanted: string): Promise<Item> {
  const { items } = await client.list([list]);
  const byId = items.find((item) => item.text('id') === wanted);
  if (byId !== undefined) return byId;
  const named = items.filter((item) => item.text('name').toLowerCase() === wanted.toLowerCase());
  const [first, second] = named;
  if (first === undefined) throw new RequestError('not_found', `There is no ${noun} '${wanted}'.`);
  if (second === undefined) return first;
  const ids = named.map((item) => item.text('id')).join(', ');
  throw new RequestError('conflict', `There are ${named.length} of the name '${wanted}'; say which by its id: ${ids}`);
}
