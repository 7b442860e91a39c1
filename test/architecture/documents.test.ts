/** Holds the generated parts of the documents equal to the code; `UPDATE_DOCS=1` rewrites them. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ErrorRow, errorTable } from '../../src/base/errors.ts';
import { repository } from './sources.ts';
import { floorOf, rooms } from './table.ts';

const read = (name: string): string => readFileSync(join(repository, name), 'utf8');

/** The part of a document between its markers, and the document with that part replaced. */
const generatedPart = (document: string): { part: string; with: (part: string) => string } => {
  const [before = '', rest = ''] = document.split(/(?<=<!-- generated -->\n)/);
  const [part = '', after = ''] = rest.split(/(?=<!-- end -->)/);
  return { part, with: (fresh) => `${before}${fresh}${after}` };
};

const printRooms = (): string => {
  const list = (items: readonly string[]): string =>
    items.length === 0 ? '–' : items.map((item) => `\`${item}\``).join(' ');
  const rows = Object.entries(rooms)
    .sort(([a], [b]) => floorOf(b) - floorOf(a) || a.localeCompare(b))
    .map(([name, { duty, imports, packages, node }]) => {
      const file = name === 'server' ? 'server.ts' : `${name}/`;
      return `| ${floorOf(name)} | \`${file}\` | ${duty} | ${list(imports)} | ${list(packages)} | ${node ? 'yes' : '–'} |`;
    });
  return [
    '| floor | room | duty | may import, besides `base` | npm packages | `node:` |',
    '|--:|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
};

const printErrors = (): string => {
  const rows = Object.entries(errorTable).map(([code, row]: [string, ErrorRow]) => {
    const status = row.kind === 'config' ? `exit ${row.status}` : String(row.status);
    return `| \`${code}\` | ${row.kind} | ${status} | ${row.retryable ? 'yes' : 'no'} | ${row.meaning} |`;
  });
  return ['| code | kind | status | retry | meaning |', '|---|---|---|---|---|', ...rows, ''].join('\n');
};

describe.each([
  ['docs/architecture.md', printRooms],
  ['docs/errors.md', printErrors],
])('%s', (name, print) => {
  it('says what the code says', () => {
    const document = generatedPart(read(name));
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(join(repository, name), document.with(print()));
    expect(generatedPart(read(name)).part).toBe(print());
  });
});

describe('docs/decisions', () => {
  it('has a line for every dependency, and none for what is gone', () => {
    const manifest = JSON.parse(read('package.json'));
    const dependencies = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
    const decided = [...read('docs/decisions/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);
    expect(decided.sort()).toEqual(dependencies.sort());
  });

  it('and each dependency is pinned', () => {
    const manifest = JSON.parse(read('package.json'));
    for (const version of Object.values({ ...manifest.dependencies, ...manifest.optionalDependencies }))
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
