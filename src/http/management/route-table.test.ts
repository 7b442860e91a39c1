/** Holds `docs/api.md` equal to the routes; `UPDATE_DOCS=1` rewrites it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { managementRoutes } from './management-routes.ts';
import { routeTable } from './route-table.ts';

const path = fileURLToPath(new URL('../../../docs/api.md', import.meta.url));

it('docs/api.md says what the routes say', () => {
  const [before = '', rest = ''] = readFileSync(path, 'utf8').split(/(?<=<!-- generated -->\n)/);
  const [part = '', after = ''] = rest.split(/(?=<!-- end -->)/);
  const fresh = routeTable(managementRoutes);
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, `${before}${fresh}${after}`);
  else expect(part).toBe(fresh);
});
