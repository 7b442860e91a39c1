/** Lists in pages: search, order and count, the same for every kind of things. */

import { type TSchema, Type } from 'typebox';
import type { Page, Paged } from '../../store/page.ts';
import { json, type Result } from './result.ts';

/** The query of a list that can be sorted by these fields. */
export function listQuery(fields: readonly string[]) {
  return {
    page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    perPage: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    search: Type.Optional(Type.String({ maxLength: 200 })),
    sort: Type.Optional(Type.Enum(fields.flatMap((field) => [field, `-${field}`]))),
  };
}

/** Added to a list's query: a snapshot, then changes, as server-sent events. */
export const watchQuery = { watch: Type.Optional(Type.Boolean()) };

/** A page of these. */
export function pageSchema(item: TSchema) {
  return Type.Object({
    items: Type.Array(item),
    page: Type.Integer(),
    perPage: Type.Integer(),
    total: Type.Integer(),
  });
}

/** What a client asks of a list. */
type ListQuery = { readonly [Key in keyof Page]?: Page[Key] | undefined };

const usualPerPage = 50;

/** The query with its gaps filled, as the store reads it. */
export function toPage({ page = 1, perPage = usualPerPage, search, sort }: ListQuery): Page {
  return { page, perPage, ...(search !== undefined && { search }), ...(sort !== undefined && { sort }) };
}

/** A page that the store made; `encode` dresses each item. */
export function sendPaged<T>(query: ListQuery, { items, total }: Paged<T>, encode: (item: T) => unknown): Result {
  const { page, perPage } = toPage(query);
  return json({ items: items.map(encode), page, perPage, total });
}

/** How things in memory are searched and ordered. */
export interface ListManner<T> {
  /** The texts a search looks through. */
  texts(item: T): ReadonlyArray<string | undefined>;
  /** What each field of the query's `sort` sorts by; the first is the usual order. */
  readonly orders: Readonly<Record<string, (item: T) => string | number | undefined>>;
  encode(item: T): unknown;
}

/** A page of what is in memory. */
export function sendList<T>(query: ListQuery, all: readonly T[], manner: ListManner<T>): Result {
  const { page, perPage, search = '', sort = Object.keys(manner.orders)[0] ?? '' } = toPage(query);
  const wanted = search.toLowerCase();
  const found = all.filter((item) => manner.texts(item).some((text) => text?.toLowerCase().includes(wanted)));
  const direction = sort.startsWith('-') ? -1 : 1;
  const order = manner.orders[sort.replace(/^-/, '')] ?? (() => 0);
  const sorted = found.toSorted((one, other) => direction * compare(order(one), order(other)));
  const items = sorted.slice((page - 1) * perPage, page * perPage);
  return sendPaged(query, { items, total: found.length }, (item) => manner.encode(item));
}

/** What is absent comes last when rising. */
function compare(one: string | number | undefined, other: string | number | undefined): number {
  if (one === other) return 0;
  if (one === undefined) return 1;
  if (other === undefined) return -1;
  return one < other ? -1 : 1;
}
