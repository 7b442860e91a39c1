import { expect, it } from 'vitest';
import type { LibraryArchive } from '../../engines/embedded/packages.ts';
import { findUrl } from './install-registry.ts';

const archive: LibraryArchive = {
  ...{ registry: 'pypi', package: 'cudart', file: 'cudart-1.whl' },
  ...{ sizeBytes: 1, sha256: '', wanted: /x/, isRuntime: true },
};

/** Asks an index that answers with this page. */
const askPage = (page: string) => {
  const allowed: string[] = [];
  const body = (async function* () {
    yield new TextEncoder().encode(page);
  })();
  const response = { status: 200, url: 'https://index.example/simple/cudart/', headers: {}, body, cancel: () => {} };
  const world = { outbound: { request: async () => response }, allow: (host: string) => void allowed.push(host) };
  const programs = {
    environment: { PIP_INDEX_URL: 'https://index.example/simple' },
    run: () => Promise.reject(new RangeError('nothing is run')),
    signal: new AbortController().signal,
  };
  return { url: findUrl(archive, undefined, world, programs), allowed };
};

it('finds the file among the links of a page, without the checksum behind it', async () => {
  const { url, allowed } = askPage('<a href="a.whl">a</a><a href = "../../f/cudart-1.whl#sha256=00">b</a>');
  await expect(url).resolves.toBe('https://index.example/f/cudart-1.whl');
  expect(allowed).toEqual(['index.example', 'index.example']);
});

it.each([
  ['a link without an end', `href="${'a'.repeat(400_000)}`],
  ['links in links', 'href="'.repeat(100_000)],
  ['a link of blanks', `href${' '.repeat(400_000)}`],
  ['a link to nowhere', '<a href="http://[/cudart-1.whl">'],
])('is not held up by %s', async (_, page) => {
  await expect(askPage(page).url).rejects.toThrow('does not list cudart-1.whl');
});
