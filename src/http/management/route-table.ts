/** The routes as a table for people: `docs/api.md` is held equal to it. */

import { audienceOf } from './openapi.ts';
import { managementPrefix } from './register.ts';
import type { Route } from './route.ts';

/** In Markdown. */
export function routeTable(routes: readonly Route[]): string {
  const rows = routes.map((route) => {
    const { method, path, summary } = route;
    const query = Object.keys(route.query).map((name) => `\`${name}\``);
    return `| ${method} | \`${managementPrefix}${path}\` | ${audienceOf(route)} | ${summary.replaceAll('|', '\\|')} | ${query.join(' ') || '–'} | ${bodyOf(route)} | ${route.status} |`;
  });
  return [
    '| method | path | for | what it does | query | body | answer |',
    '|---|---|---|---|---|---|--:|',
    ...rows,
    '',
  ].join('\n');
}

/** The body's fields; those that must be there in bold. */
function bodyOf({ body }: Route): string {
  const schema: unknown = body;
  if (schema === undefined) return '–';
  if (typeof schema !== 'object' || schema === null || !('properties' in schema)) return 'any of its fields';
  const required: unknown = 'required' in schema ? schema.required : [];
  const names = Object.keys(schema.properties ?? {});
  return names
    .map((name) => (Array.isArray(required) && required.includes(name) ? `**\`${name}\`**` : `\`${name}\``))
    .join(' ');
}
