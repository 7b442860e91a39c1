/** Lists in pages: search, order and count, the same for every table. */

import { type Expression, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import { RequestError } from '../base/errors.ts';
import type { Tables } from './tables.ts';

/** Which part of a list; `sort` is a column, with `-` before it for descending. */
export interface Page {
  /** From 1. */
  readonly page: number;
  readonly perPage: number;
  readonly search?: string;
  readonly sort?: string;
}

/** One page, and how many there are in all. */
export interface Paged<T> {
  readonly items: readonly T[];
  readonly total: number;
}

/** The columns a list may be searched and sorted by; the first of `sorts` is the usual order. */
export interface PageColumns {
  readonly searched: readonly string[];
  readonly sorts: readonly [string, ...string[]];
}

/** Reads one page of a query; `read` makes a noun of each row. */
export async function readPage<Table extends keyof Tables, Row, Item>(
  query: SelectQueryBuilder<Tables, Table, Row>,
  page: Page,
  how: { readonly columns: PageColumns; readonly read: (row: Row) => Item },
): Promise<Paged<Item>> {
  const { column, direction } = orderOf(page.sort, how.columns.sorts);
  const found = page.search ? query.where(matches(how.columns.searched, page.search)) : query;
  const rows = await found
    .orderBy(sql.ref(column), direction)
    .orderBy(sql.ref('id'), direction)
    .limit(page.perPage)
    .offset((page.page - 1) * page.perPage)
    .execute();
  const { total } = await found.clearSelect().select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow();
  return { items: rows.map((row) => how.read(row)), total: Number(total) };
}

/** Is the text somewhere in one of the columns, whatever the case of its ASCII letters? `%` and `_` mean themselves. */
function matches(columns: readonly string[], search: string): Expression<SqlBool> {
  const pattern = `%${search.replaceAll(/[\\%_]/g, (char) => `\\${char}`)}%`;
  const each = columns.map((column) => sql<SqlBool>`lower(${sql.ref(column)}) like lower(${pattern}) escape '\\'`);
  return sql<SqlBool>`(${sql.join(each, sql` or `)})`;
}

function orderOf(sort: string | undefined, allowed: PageColumns['sorts']) {
  const wanted = sort ?? allowed[0];
  const isDown = wanted.startsWith('-');
  const column = allowed.map(bare).find((name) => name === bare(wanted));
  if (column === undefined) {
    const names = allowed.map((name) => `'${bare(name)}'`).join(', ');
    throw new RequestError('invalid_value', `A list is sorted by one of ${names}.`, { param: 'sort' });
  }
  return { column, direction: isDown ? ('desc' as const) : ('asc' as const) };
}

function bare(sort: string): string {
  return sort.startsWith('-') ? sort.slice(1) : sort;
}
