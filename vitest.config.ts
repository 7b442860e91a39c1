import { defineConfig } from 'vitest/config';

/** Two workers: the suites are meant to pass on two cores beside a running engine. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/{architecture,formats,json-schema,templates}/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'end-to-end',
          include: ['test/end-to-end/**/*.test.ts', 'test/{convert,engines,grammar,libraries,packaging}/**/*.test.ts'],
          exclude: ['test/end-to-end/{kill-series,mixed-load}.test.ts'],
        },
      },
      {
        extends: true,
        // Its rounds need both cores: a check of its own.
        test: { name: 'kill-series', include: ['test/end-to-end/kill-series.test.ts'] },
      },
      {
        extends: true,
        // Two minutes of load: nightly, or by name.
        test: { name: 'mixed-load', include: ['test/end-to-end/mixed-load.test.ts'] },
      },
      {
        extends: true,
        // Starts a real vLLM, with the Python that AIMINDSERVE_TEST_VLLM_PYTHON names.
        test: { name: 'vllm', include: ['test/vllm/**/*.test.ts'], testTimeout: 120_000 },
      },
    ],
  },
});
