import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDevices } from './devices.ts';
import { createRunProgram, readText } from './run-program.ts';

const gibibyte = 2 ** 30;
const fixture = (name: string): string => readFileSync(new URL(`fixtures/devices/${name}`, import.meta.url), 'utf8');

const meminfo = 'MemTotal:       134217728 kB\nMemFree:         1048576 kB\nMemAvailable:   67108864 kB\n';
const linux: Record<string, string> = { '/proc/cpuinfo': fixture('cpuinfo-x64.txt'), '/proc/meminfo': meminfo };

/** A machine whose files and programs say this. */
function read(files: Record<string, string>, programs: Record<string, string> = {}) {
  return readDevices(
    (path) => files[path],
    async (command) => programs[command],
  );
}

async function accelerators(programs: Record<string, string>, files: Record<string, string> = {}) {
  return (await read({ ...linux, ...files }, programs)).slice(1);
}

describe('a processor', () => {
  it('is described by the files of Linux', async () => {
    expect(await read(linux)).toEqual([
      {
        id: 'cpu',
        kind: 'cpu',
        name: 'Intel(R) Xeon(R) Platinum 8480+',
        memoryBytes: 128 * gibibyte,
        memoryUsedBytes: 64 * gibibyte,
        cores: 2,
        features: [
          'sse4_2',
          'avx',
          'f16c',
          'fma',
          'avx2',
          'avx512f',
          'avx512_vnni',
          'amx_bf16',
          'amx_tile',
          'amx_int8',
        ],
      },
    ]);
  });

  it('has other words on Arm', async () => {
    const [cpu] = await read({ ...linux, '/proc/cpuinfo': fixture('cpuinfo-arm64.txt') });
    expect(cpu).toMatchObject({
      name: 'Raspberry Pi 5 Model B Rev 1.0',
      cores: 4,
      features: ['asimd', 'asimdhp', 'asimddp', 'sve', 'i8mm', 'bf16'],
    });
  });

  it('has no more memory than its container', async () => {
    const limits: ReadonlyArray<readonly [Record<string, string>, number, number]> = [
      [{ '/sys/fs/cgroup/memory.max': `${8 * gibibyte}\n`, '/sys/fs/cgroup/memory.current': `${gibibyte}\n` }, 8, 1],
      [{ '/sys/fs/cgroup/memory.max': 'max\n', '/sys/fs/cgroup/memory.current': `${gibibyte}\n` }, 128, 64],
      [{ '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n' }, 128, 64],
      [{ '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${2 * gibibyte}\n` }, 2, 0],
    ];
    for (const [files, total, used] of limits) {
      const [cpu] = await read({ ...linux, ...files });
      expect([cpu?.memoryBytes, cpu?.memoryUsedBytes]).toEqual([total * gibibyte, used * gibibyte]);
    }
  });

  it('and its GPU are described by the tools of a Mac', async () => {
    const sysctl = `Apple M1\n8\n${16 * gibibyte}\n`;
    expect(await read({}, { sysctl, system_profiler: fixture('system-profiler.json') })).toEqual([
      { id: 'cpu', kind: 'cpu', name: 'Apple M1', memoryBytes: 16 * gibibyte, cores: 8 },
      { id: 'metal:0', kind: 'metal', name: 'Apple M1', memoryBytes: 16 * gibibyte, isUnified: true },
    ]);
  });

  it('is there where nothing is known of it', async () => {
    expect(await read({})).toEqual([{ id: 'cpu', kind: 'cpu', name: 'CPU', memoryBytes: 0 }]);
  });
});

describe('accelerators', () => {
  it('of NVIDIA are lines', async () => {
    expect(await accelerators({ 'nvidia-smi': fixture('nvidia-smi.csv') })).toEqual([
      {
        id: 'cuda:0',
        kind: 'cuda',
        name: 'NVIDIA H200',
        memoryBytes: 143_771 * 2 ** 20,
        memoryUsedBytes: gibibyte,
        utilisation: 0.37,
        driver: '570.86.15',
        uuid: 'GPU-11111111-2222-3333-4444-555555555555',
      },
      {
        id: 'cuda:1',
        kind: 'cuda',
        name: 'NVIDIA GeForce RTX 4090',
        memoryBytes: 24_564 * 2 ** 20,
        memoryUsedBytes: 23_000 * 2 ** 20,
        driver: '570.86.15',
        uuid: 'GPU-66666666-7777-8888-9999-000000000000',
      },
    ]);
  });

  it('of NVIDIA may share the memory of the machine', async () => {
    expect(await accelerators({ 'nvidia-smi': fixture('nvidia-smi-unified.csv') })).toMatchObject([
      { id: 'cuda:0', isUnified: true, memoryBytes: 128 * gibibyte, memoryUsedBytes: 64 * gibibyte, utilisation: 0.02 },
    ]);
  });

  it('of AMD are told by their tool, warnings first', async () => {
    expect(await accelerators({ 'rocm-smi': fixture('rocm-smi.txt') })).toEqual([
      {
        id: 'rocm:0',
        kind: 'rocm',
        name: 'Radeon RX 7900 XT',
        memoryBytes: 21_458_059_264,
        memoryUsedBytes: 27_856_896,
        utilisation: 0,
        driver: '6.8.5',
      },
      {
        id: 'rocm:1',
        kind: 'rocm',
        name: 'AMD INSTINCT MI250 (MCM) OAM AC MBA',
        memoryBytes: 68_702_699_520,
        memoryUsedBytes: 10_485_760,
        utilisation: 0.12,
        driver: '6.8.5',
        uuid: '0x5b1e7a9c33d2f410',
      },
    ]);
  });

  it('of AMD are found in their driver where there is no tool', async () => {
    const folder = '/sys/class/drm/card1/device';
    const files = {
      [`${folder}/mem_info_vram_total`]: `${16 * gibibyte}\n`,
      [`${folder}/mem_info_vram_used`]: '4096\n',
      [`${folder}/gpu_busy_percent`]: '50\n',
      [`${folder}/unique_id`]: '5b1e7a9c33d2f410\n',
    };
    expect(await accelerators({}, files)).toEqual([
      {
        id: 'rocm:0',
        kind: 'rocm',
        name: 'AMD GPU',
        memoryBytes: 16 * gibibyte,
        memoryUsedBytes: 4096,
        utilisation: 0.5,
        uuid: '5b1e7a9c33d2f410',
      },
    ]);
  });

  it('of Huawei are rows of a table, with one chip a card or two', async () => {
    const facts = async (name: string) =>
      (await accelerators({ 'npu-smi': fixture(name) })).map(
        ({ id, name: title, memoryBytes, memoryUsedBytes, utilisation, driver }) => [
          id,
          title,
          memoryBytes / 2 ** 20,
          (memoryUsedBytes ?? 0) / 2 ** 20,
          utilisation,
          driver,
        ],
      );
    expect(await facts('npu-smi-one-chip.txt')).toEqual([
      ['ascend:0', '910B4', 32_768, 20_480, 0.12, '24.1.1'],
      ['ascend:1', '910B4', 32_768, 2_800, 0, '24.1.1'],
    ]);
    expect(await facts('npu-smi-two-chips.txt')).toEqual([
      ['ascend:6', 'Ascend910', 65_536, 50_000, 0.05, '25.5.0'],
      ['ascend:7', 'Ascend910', 65_536, 2_900, 0, '25.5.0'],
    ]);
  });

  it('are nothing that a broken tool makes up', async () => {
    const samples = [
      'nvidia-smi.csv',
      'rocm-smi.txt',
      'npu-smi-two-chips.txt',
      'system-profiler.json',
      'cpuinfo-x64.txt',
    ].map(fixture);
    const part = fc.tuple(
      fc.constantFrom(...samples),
      fc.nat(1_500),
      fc.nat(1_500),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    const damaged = part.map(([text, from, to, noise]) => text.slice(0, from) + noise + text.slice(to));
    await fc.assert(
      fc.asyncProperty(damaged, async (output) => {
        const devices = await readDevices(
          () => output,
          async () => output,
        );
        expect(new Set(devices.map(({ id }) => id)).size).toBe(devices.length);
        for (const { id, name, memoryBytes } of devices) {
          expect(id).toMatch(/^(cpu|(cuda|rocm|metal|ascend):\d+)$/);
          expect(name).toMatch(/^[^\p{Cc}]{1,120}$/u);
          expect(memoryBytes).toSatisfy((bytes: number) => Number.isSafeInteger(bytes) && bytes >= 0);
        }
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});

describe('this machine', () => {
  it('has a processor and memory', async () => {
    const [cpu] = await readDevices(readText, createRunProgram());
    expect(cpu?.cores).toBeGreaterThan(0);
    expect(cpu?.memoryBytes).toBeGreaterThan(gibibyte / 4);
  });

  it('is not waited for when a program goes on for ever', async () => {
    const runProgram = createRunProgram(200);
    expect(await runProgram('sleep', ['60'])).toBeUndefined();
    expect(await runProgram('no-such-program', [])).toBeUndefined();
    expect(await runProgram('false', [])).toBeUndefined();
    expect(await runProgram('yes', [])).toBeUndefined();
    expect(await runProgram('echo', ['hello'])).toBe('hello\n');
  });
});
