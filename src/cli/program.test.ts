/** What the command loads before it knows what is wanted: it must stay little, as shells wait for it. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** Everything that is loaded with a file: what it imports at its top, and so on; types cost nothing. */
function loadedWith(file: URL, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file.href)) return seen;
  seen.add(file.href);
  const text = readFileSync(file, 'utf8');
  for (const [, name = ''] of text.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from\s'([^']+)'/gm))
    if (name.startsWith('.')) loadedWith(new URL(name, file), seen);
    else seen.add(name);
  return seen;
}

describe('main.ts', () => {
  it('loads no server, no model, no schema before it knows the command', () => {
    const loaded = [...loadedWith(new URL('main.ts', import.meta.url))];
    const own = loaded.filter((name) => name.startsWith('file:'));
    const rooms = new Set(own.map((name) => /\/src\/([^/]+)\//.exec(name)?.[1]));
    expect([...rooms].sort()).toEqual(['base', 'cli']);
    expect(loaded.filter((name) => !name.startsWith('file:') && !name.startsWith('node:'))).toEqual(['commander']);
    expect(own.length).toBeGreaterThan(15);
  });
});
