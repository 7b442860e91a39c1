/** The processor, and the memory that programs on it may use. */

import type { Device } from '../../fleet/device.ts';
import { type ReadText, type RunProgram, toDevice, toName, toNumber } from './reading.ts';

/** Of all that a processor can do, what the kernels of inference are written for. */
const features = new Set([
  ...['sse4_2', 'avx', 'f16c', 'fma', 'avx2', 'avx_vnni', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'avx512_fp16'],
  ...['amx_bf16', 'amx_int8', 'amx_tile'],
  ...['asimd', 'asimdhp', 'asimddp', 'bf16', 'i8mm', 'sve', 'sve2', 'svei8mm', 'svebf16', 'sme'],
]);

/** Always one device, however little is known of it. */
export async function readProcessor(readText: ReadText, runProgram: RunProgram): Promise<Device> {
  const described = readText('/proc/cpuinfo');
  return described === undefined ? readByLine(runProgram) : readLinux(described, readText);
}

/** Files as proc(5) describes them; on Arm there is no name, and the features have another title. */
function readLinux(described: string, readText: ReadText): Device {
  const blocks = described.slice(0, 4 << 20).split(/\n\s*\n/);
  const value = (block: string, key: string): string | undefined =>
    new RegExp(`^${key}[ \\t]*:(.*)$`, 'im').exec(block)?.[1]?.trim();
  const first = blocks[0] ?? '';
  const processors = blocks.filter((block) => value(block, 'processor') !== undefined);
  // Two threads of one core say the same of both.
  const cores = new Set(
    processors.map((block, at) => `${value(block, 'physical id')}/${value(block, 'core id') ?? at}`),
  );
  const flags = (value(first, '(?:flags|features)') ?? '').split(/\s+/).filter((flag) => features.has(flag));
  const memory = readMemory(readText);
  const name = toName(value(first, 'model name')) ?? toName(value(described, 'model')) ?? 'CPU';
  return toDevice(
    { id: 'cpu', kind: 'cpu', name, memoryBytes: memory.total },
    { memoryUsedBytes: memory.used, cores: cores.size, features: flags },
  );
}

/** The machine's memory, or what the container may have of it. */
function readMemory(readText: ReadText): { total: number; used: number } {
  const lines = readText('/proc/meminfo') ?? '';
  const bytes = (key: string): number | undefined =>
    toNumber(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(lines)?.[1], 1024);
  const total = bytes('MemTotal') ?? 0;
  const used = Math.max(0, total - (bytes('MemAvailable') ?? total));
  const limit = readLimit(readText);
  if (limit === undefined || limit.total >= total) return { total, used };
  return { total: limit.total, used: Math.min(limit.used, limit.total) };
}

/** Control groups of the second, else the first generation, as a container sees its own. */
function readLimit(readText: ReadText): { total: number; used: number } | undefined {
  const files = [
    ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory.current'],
    ['/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory/memory.usage_in_bytes'],
  ] as const;
  for (const [limitFile, usedFile] of files) {
    const total = toNumber(readText(limitFile));
    if (total !== undefined) return { total, used: toNumber(readText(usedFile)) ?? 0 };
  }
  return undefined;
}

/** `sysctl -n` answers each name with a line, in their order. */
async function readByLine(runProgram: RunProgram): Promise<Device> {
  const names = ['machdep.cpu.brand_string', 'hw.physicalcpu', 'hw.memsize'];
  const [name, cores, memory] = ((await runProgram('sysctl', ['-n', ...names])) ?? '').split('\n');
  const needed = { id: 'cpu', kind: 'cpu', name: toName(name) ?? 'CPU', memoryBytes: toNumber(memory) ?? 0 } as const;
  return toDevice(needed, { cores: toNumber(cores) });
}
