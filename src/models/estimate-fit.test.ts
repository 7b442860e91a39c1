import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheType, estimateFit, type FitDevice } from './estimate-fit.ts';
import type { MemoryFacts } from './estimate-memory.ts';
import { factsFromSize } from './estimate-remote.ts';

const gibibyte = 2 ** 30;
const seven: MemoryFacts = {
  name: 'Seven',
  sizeBytes: 4 * gibibyte,
  kvBytesPerToken: 128 * 1024,
  vocabularySize: 1_000,
  trainedContext: 131_072,
};
const gpu = (id: string, free: number): FitDevice => ({
  id,
  freeBytes: free * gibibyte,
  totalBytes: 24 * gibibyte,
  isUnified: false,
});
const unified = (id: string, free: number): FitDevice => ({ ...gpu(id, free), isUnified: true });

describe('estimateFit', () => {
  it('chooses a context that fits, and says what each request gets', () => {
    const fit = estimateFit(seven, { parallel: 4 }, [gpu('cuda:0', 22)]);
    expect(fit).toMatchObject({ verdict: 'fits', contextPerRequest: 32_768, warnings: [] });
    expect(fit.memory.cacheBytes).toBe(16 * gibibyte);
    expect(fit.summary).toContain('32768 tokens for each of 4 requests at once');
    expect(fit.summary).toContain('22.0 GiB are free');
  });

  it('warns of a context in which tools hardly fit, where there are tools', () => {
    const small = estimateFit(seven, { parallel: 8, isToolCapable: true }, [gpu('cuda:0', 8)]);
    expect(small.contextPerRequest).toBeLessThan(16_384);
    expect(small.warnings.join()).toContain(`${small.contextPerRequest} tokens`);
    expect(estimateFit(seven, { parallel: 8 }, [gpu('cuda:0', 8)]).warnings).toEqual([]);
    expect(estimateFit(seven, { parallel: 1, isToolCapable: true }, [gpu('cuda:0', 22)]).warnings).toEqual([]);
  });

  it('names fewer requests at once before less context', () => {
    const fit = estimateFit(seven, { contextSize: 16_384, parallel: 8 }, [gpu('cuda:0', 9)]);
    expect(fit.verdict).toBe('fits-with-other-settings');
    expect(fit.nearest).toEqual({ contextSize: 16_384, parallel: 2, cacheType: 'f16' });
    expect(fit.contextPerRequest).toBe(16_384);
    expect(fit.summary).toContain('This fits: 16384 tokens for each of 2 requests at once.');
    const long = estimateFit(seven, { contextSize: 131_072, parallel: 1 }, [gpu('cuda:0', 9)]);
    expect(long.nearest).toMatchObject({ parallel: 1 });
    expect(long.contextPerRequest % 256).toBe(0);
  });

  it('proposes a smaller cache only to an engine that has one', () => {
    const asked = { contextSize: 32_768, parallel: 1, cacheType: 'f16' } as const;
    const fit = estimateFit(seven, asked, [gpu('cuda:0', 7)]);
    expect(fit.nearest).toEqual({ contextSize: 32_768, parallel: 1, cacheType: 'q8_0' });
    expect(fit.summary).toContain('q8_0 cache');
    const { cacheType: _, ...plain } = asked;
    expect(estimateFit(seven, plain, [gpu('cuda:0', 7)]).nearest?.cacheType).toBe('f16');
  });

  it('splits over devices only when one is not enough, and by their room', () => {
    const both = [gpu('cuda:0', 6), gpu('cuda:1', 12)];
    expect(estimateFit(seven, { contextSize: 8_192, parallel: 1 }, both).shares.map(({ id }) => id)).toEqual([
      'cuda:1',
    ]);
    const { verdict, shares } = estimateFit(seven, { contextSize: 32_768, parallel: 3 }, both);
    expect(verdict).toBe('fits');
    expect(shares.map(({ id }) => id)).toEqual(['cuda:1', 'cuda:0']);
    for (const { bytes, freeBytes } of shares) expect(bytes).toBeLessThanOrEqual(freeBytes);
  });

  it('counts shared memory once', () => {
    const apple = [unified('metal:0', 12), unified('cpu', 12)];
    expect(estimateFit(seven, { contextSize: 131_072, parallel: 1 }, apple).verdict).toBe('fits-with-other-settings');
    expect(estimateFit(seven, { contextSize: 32_768, parallel: 1 }, apple).shares).toHaveLength(1);
  });

  it('says so when nothing helps, also with no device at all', () => {
    for (const devices of [[], [gpu('cuda:0', 3)], [gpu('a', 1), gpu('b', 1)]]) {
      const fit = estimateFit(seven, { parallel: 1, isToolCapable: true }, devices);
      expect(fit).toMatchObject({ verdict: 'does-not-fit', contextPerRequest: 0, shares: [], warnings: [] });
      expect(fit.summary).toContain('smaller model');
    }
  });

  it('names settings that do fit, within every device', () => {
    const device = fc.record({ free: fc.integer({ min: 0, max: 24 * 1024 }), isUnified: fc.boolean() });
    const cacheType = fc.constantFrom<CacheType | undefined>('f16', 'q8_0', 'q4_0', undefined);
    fc.assert(
      fc.property(
        fc.array(device, { maxLength: 4 }),
        fc.option(fc.integer({ min: 64, max: 200_000 }), { nil: undefined }),
        fc.integer({ min: 1, max: 64 }),
        cacheType,
        (list, contextSize, parallel, kind) => {
          const devices = list.map(({ free, isUnified }, index) => ({
            id: String(index),
            freeBytes: free * 2 ** 20,
            totalBytes: 24 * gibibyte,
            isUnified,
          }));
          const wish = { parallel, ...(contextSize && { contextSize }), ...(kind && { cacheType: kind }) };
          const fit = estimateFit(seven, wish, devices);
          for (const { bytes, freeBytes } of fit.shares) expect(bytes).toBeLessThanOrEqual(freeBytes);
          if (fit.nearest === undefined) return;
          expect(estimateFit(seven, fit.nearest, devices)).toMatchObject({ verdict: 'fits', setting: fit.nearest });
        },
      ),
      { seed: 5, numRuns: 500 },
    );
  });
});

describe('factsFromSize', () => {
  it('guesses the cache from the parameters, which it reads off size and quantisation', () => {
    // Sizes of Qwen3 8B; its own headers say 147,456 bytes a token.
    const files = { 'Qwen3-8B-Q4_K_M.gguf': 5_027_783_488, 'Qwen3-8B-Q8_0.gguf': 8_709_518_624 };
    for (const [name, sizeBytes] of Object.entries(files))
      expect(factsFromSize({ name, sizeBytes })).toMatchObject({ kvBytesPerToken: 147_456, sizeBytes });
  });

  it('believes what the hub says, and is never empty-handed', () => {
    const told = { name: 'x.gguf', sizeBytes: 1, parameterCount: 70e9, trainedContext: 4_096 };
    expect(factsFromSize(told)).toMatchObject({ kvBytesPerToken: 376_832, trainedContext: 4_096 });
    expect(factsFromSize({ name: '', sizeBytes: 0 }).kvBytesPerToken).toBeGreaterThan(0);
  });
});
