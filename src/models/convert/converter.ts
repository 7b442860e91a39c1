/** Folders of safetensors as GGUF files: converted once, kept in the data directory, found again while the weights are the same. */

import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { ConfigError } from '../../base/errors.ts';
import { diskFull } from '../../outbound/part-file.ts';
import { type DownloadProgress, ProgressMeter } from '../../outbound/progress-meter.ts';
import { inWords } from '../estimate-memory.ts';
import { type ConversionPlan, neededDisk, planConversion, type Room } from './plan-conversion.ts';
import { keyOfFolder, type SourceKey } from './source-key.ts';
import { Unconvertible } from './unconvertible.ts';
import { writeGguf } from './write-gguf.ts';

/** What converting stands on. */
export interface ConverterParts {
  /** Converted models live here. */
  readonly folder: string;
  readonly clock: Clock;
  /** Bytes a new process may take. */
  readonly freeMemory: () => number;
  readonly freeDisk: (folder: string) => Promise<number>;
}

/** Told what will be done, and then how far it is. */
export interface ConversionListener {
  readonly onPlan: (words: string) => void;
  readonly onProgress: (progress: DownloadProgress) => void;
}

/** What a conversion makes. */
export interface ConvertedFile {
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
}

/** Converts, once. */
export interface Converter {
  /** The converted file, if these weights were converted before. */
  find(folder: string): string | undefined;
  /** What converting would make. */
  plan(folder: string): Promise<ConvertedFile>;
  /** The converted file; throws ConfigError, or disk_full. Aborting leaves nothing behind. */
  take(folder: string, listener: ConversionListener, signal: AbortSignal): Promise<string>;
}

/** Makes the converter. */
export function createConverter(parts: ConverterParts): Converter {
  const running = new Map<string, Promise<void>>();
  const homeOf = ({ place, state }: SourceKey) => join(parts.folder, place, state);
  const find = (folder: string): string | undefined => {
    const home = homeOf(keyOf(folder));
    const name = existsSync(home) ? readdirSync(home).find((each) => each.endsWith('.gguf')) : undefined;
    return name === undefined ? undefined : join(home, name);
  };
  return {
    find,
    async plan(folder) {
      const room = { memoryBytes: parts.freeMemory(), diskBytes: Number.POSITIVE_INFINITY };
      const { name, target } = readPlan(folder, room);
      return { name, type: target.type, sizeBytes: target.sizeBytes };
    },
    async take(folder, listener, signal) {
      for (;;) {
        signal.throwIfAborted();
        const found = find(folder);
        if (found !== undefined) return found;
        const key = keyOf(folder);
        const home = homeOf(key);
        const others = running.get(home);
        if (others === undefined) {
          const work = convert(
            { ...parts, place: join(parts.folder, key.place), source: folder, home },
            listener,
            signal,
          );
          running.set(home, settled(work));
          await work.finally(() => running.delete(home));
        } else {
          listener.onPlan('waiting for the same weights to be converted');
          await untilAborted(others, signal);
        }
      }
    },
  };
}

/** Resolves however the work ends. */
async function settled(work: Promise<void>): Promise<void> {
  await work.catch(() => {});
}

interface Job extends ConverterParts {
  readonly source: string;
  readonly place: string;
  readonly home: string;
}

async function convert(job: Job, listener: ConversionListener, signal: AbortSignal): Promise<void> {
  const { source, place, home, clock } = job;
  await mkdir(place, { recursive: true, mode: 0o700 });
  // Conversions of what these weights were before, and what was interrupted: nobody will ask for them again.
  for (const name of await readdir(place)) await rm(join(place, name), { recursive: true, force: true });
  const diskBytes = await job.freeDisk(place);
  const before = keyOf(source).state;
  const plan = readPlan(source, { memoryBytes: job.freeMemory(), diskBytes });
  const { target, metadata } = plan;
  if (neededDisk(target) > diskBytes) throw diskFull(place, neededDisk(target), diskBytes);
  listener.onPlan(describePlan(plan, diskBytes));
  const meter = new ProgressMeter(clock, 0);
  const onProgress = (done: number, total: number): void => {
    if (done < total && meter.isDue()) listener.onProgress(meter.read(done, total));
  };
  const path = join(home, `${plan.name.replaceAll(/[^\w.-]/g, '_')}-${target.type}.gguf`);
  try {
    await writeGguf({ path, metadata, tensors: target.tensors, signal, onProgress });
  } catch (thrown) {
    throw thrown instanceof Unconvertible ? refuse(source, thrown) : thrown;
  }
  if (keyOf(source).state === before) return;
  await rm(path, { force: true });
  throw refuse(source, new Unconvertible('its files changed while they were read'));
}

function readPlan(source: string, room: Room): ConversionPlan {
  try {
    return planConversion(source, room);
  } catch (thrown) {
    throw thrown instanceof Unconvertible ? refuse(source, thrown) : thrown;
  }
}

/** `converting LlamaForCausalLM to GGUF BF16, once (15.0 GiB of 80.2 GiB free on the disk, …)`. */
function describePlan({ config, target, memoryBytes, minutes }: ConversionPlan, diskBytes: number): string {
  const disk = `${inWords(target.sizeBytes)} of ${inWords(diskBytes)} free on the disk`;
  const time = minutes === 1 ? 'a minute or less' : `about ${minutes} minutes`;
  return `converting ${config.className} to GGUF ${target.type}, once (${disk}, ${inWords(memoryBytes)} of memory to serve, ${time})`;
}

function keyOf(folder: string): SourceKey {
  try {
    return keyOfFolder(folder);
  } catch (thrown) {
    throw thrown instanceof Unconvertible ? refuse(folder, thrown) : thrown;
  }
}

function refuse(folder: string, cause: Unconvertible): ConfigError {
  const name = basename(folder);
  const message =
    `The weights in '${folder}' cannot be converted to GGUF: ${cause.message}.\n` +
    `Take the GGUF of the same model (on the hub usually in '${name}-GGUF', file '${name}-Q4_K_M.gguf').`;
  return new ConfigError('model_unusable', message, { cause });
}

/** Somebody else's work may go on after we gave up waiting. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const gone = new AbortController();
  const aborted = once(signal, 'abort', { signal: gone.signal }).catch(() => {});
  await Promise.race([work, aborted]);
  gone.abort();
}
