import { describe, expect, it } from 'vitest';
import { isAppError } from '../base/errors.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import { checkMemory, estimateMemory, type MemoryWish } from './estimate-memory.ts';
import { freeMemory } from './free-memory.ts';

const gibibyte = 2 ** 30;
const spec: ModelSpec = {
  name: 'Seven',
  files: ['/m.gguf'],
  architecture: 'llama',
  trainedContext: 131_072,
  vocabularySize: 1000,
  bosToken: '',
  eosToken: '',
  specialTokens: [],
  sampling: {},
  sizeBytes: 4 * gibibyte,
  kvBytesPerToken: 128 * 1024,
};

function refusal(wish: MemoryWish, freeBytes: number): string {
  try {
    return String(checkMemory(spec, wish, freeBytes).contextSize);
  } catch (error) {
    if (isAppError(error) && error.code === 'out_of_memory') return error.message;
    throw error;
  }
}

describe('checkMemory', () => {
  it('chooses what fits, what is usual, or what the model was trained for', () => {
    expect(checkMemory(spec, { parallel: 1 }, 100 * gibibyte)).toEqual({ contextSize: 32_768 });
    expect(checkMemory({ ...spec, trainedContext: 2048 }, { parallel: 1 }, 100 * gibibyte)).toEqual({
      contextSize: 2048,
    });
    const { contextSize } = checkMemory(spec, { parallel: 4 }, 6 * gibibyte);
    expect(contextSize % 256).toBe(0);
    expect(estimateMemory(spec, contextSize, 4).totalBytes).toBeLessThanOrEqual(6 * gibibyte);
    expect(estimateMemory(spec, contextSize + 256, 4).totalBytes).toBeGreaterThan(6 * gibibyte);
  });

  it('refuses a wish with the numbers and a setting that then works', () => {
    const message = refusal({ contextSize: 65_536, parallel: 4 }, 6 * gibibyte);
    expect(message).toContain('weights 4.0 GiB, context 32.0 GiB');
    expect(message).toContain('only 6.0 GiB are free');
    const [, context, parallel] = /--ctx-size (\d+) --parallel (\d+)/.exec(message) ?? [];
    expect(refusal({ contextSize: Number(context), parallel: Number(parallel) }, 6 * gibibyte)).toBe(context);
  });

  it('falls back to one request at a time, and says when nothing helps', () => {
    expect(refusal({ contextSize: 8192, parallel: 64 }, 5 * gibibyte)).toContain('--parallel 1');
    expect(refusal({ parallel: 1 }, gibibyte)).toContain('smaller model');
  });
});

describe('freeMemory', () => {
  const files = (entries: Record<string, string>) => (path: string) => entries[path];
  const meminfo = 'MemTotal: 9 kB\nMemAvailable:   1000 kB\n';

  it('believes the kernel where no container says less', () => {
    expect(freeMemory(files({ '/proc/meminfo': meminfo, '/sys/fs/cgroup/memory.max': 'max\n' }))).toBe(1_024_000);
  });

  it('takes the tightest control group, without its page cache', () => {
    const read = files({
      '/proc/meminfo': meminfo,
      '/proc/self/cgroup': '0::/a/b\n',
      '/sys/fs/cgroup/a/memory.max': '5000\n',
      '/sys/fs/cgroup/a/memory.current': '3000\n',
      '/sys/fs/cgroup/a/memory.stat': 'anon 1\ninactive_file 500\n',
    });
    expect(freeMemory(read)).toBe(2500);
  });

  it('knows the older interface', () => {
    const read = files({
      '/proc/meminfo': meminfo,
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '8000',
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': '1000',
    });
    expect(freeMemory(read)).toBe(7000);
  });

  it('is positive on this machine', () => {
    expect(freeMemory()).toBeGreaterThan(0);
  });
});
