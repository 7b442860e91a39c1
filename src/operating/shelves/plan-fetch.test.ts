import { describe, expect, it } from 'vitest';
import { nameOfSource } from '../../fleet/model-source.ts';
import { loadCatalog } from '../../models/catalog/load-catalog.ts';
import { hubSourceOf, planFetch } from './plan-fetch.ts';

const catalog = loadCatalog();
const never = new AbortController().signal;
const world = {
  hubs: { pick: () => Promise.reject(new RangeError('a hub was asked')) },
  catalog: () => catalog,
  folder: '/models',
};
const planUrl = (url: string) => planFetch({ source: { kind: 'url', url }, weights: 'gguf' }, world, never);

describe('planFetch', () => {
  it('gives each address a place of its own, with a harmless name', async () => {
    const names = ['a-Q4_K_M.gguf', 'A.GGUF', 'x.bin', '..%2f..%2fx.gguf', '', 'a%00.gguf', `${'x'.repeat(300)}.gguf`];
    const plans = await Promise.all(names.map((name) => planUrl(`https://files.test/m/${name}`)));
    const targets = plans.map(({ files }) => files[0]?.target ?? '');
    expect(new Set(targets).size).toBe(names.length);
    for (const target of targets) expect(target).toMatch(/^\/models\/url\/[0-9a-f]{16}\/[\w.-]+\.gguf$/i);
    expect(targets.map((target) => target.split('/').at(-1))).toEqual([
      ...['a-Q4_K_M.gguf', 'A.GGUF', 'model.gguf', 'model.gguf', 'model.gguf', 'model.gguf', 'model.gguf'],
    ]);
    expect(plans[0]?.name).toBe('a-Q4_K_M');
  });

  it('keeps the hash that was asked for', async () => {
    const sha256 = 'a'.repeat(64);
    const { files } = await planFetch(
      { source: { kind: 'url', url: 'https://x/y.gguf', sha256 }, weights: 'gguf' },
      world,
      never,
    );
    expect(files[0]).toMatchObject({ sha256, url: 'https://x/y.gguf' });
  });

  it.each(['http://', 'https://[', 'http://a b/'])('refuses %s', async (url) => {
    await expect(planUrl(url)).rejects.toMatchObject({ code: 'invalid_value', detail: { param: 'source.url' } });
  });
});

describe('hubSourceOf', () => {
  it('knows a repository for every model of the catalogue that is not bundled', () => {
    for (const { name, isBundled, quantisations } of catalog.entries) {
      if (isBundled) continue;
      const source = hubSourceOf({ kind: 'catalogue', name }, catalog);
      expect(source.repository).toMatch(/^[\w.-]+\/[\w.-]+$/);
      expect(source.quantisation).toBe(quantisations[0]);
      expect(nameOfSource(source)).not.toBe('model');
    }
  });

  it('takes the quantisation that was asked for, and refuses names that are not there', () => {
    const wish = { kind: 'catalogue', name: 'QWEN3-8B', quantisation: 'Q8_0' } as const;
    expect(hubSourceOf(wish, catalog)).toMatchObject({ quantisation: 'Q8_0' });
    expect(() => hubSourceOf({ kind: 'catalogue', name: 'no-such' }, catalog)).toThrow(/no model 'no-such'/);
  });
});
