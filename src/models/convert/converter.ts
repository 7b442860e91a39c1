/** Folders of safetensors as GGUF files: converted once, kept in the data directory, found again while the weights are the same. */

import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { ConfigError } from '../../base/errors.ts';
import { type DownloadProgress, ProgressMeter } from '../../outbound/progress-meter.ts';
import { type ConvertNews, runConversion } from './convert-work.ts';
import { nameOfFolder } from './name-of-folder.ts';
import { planWeights } from './plan-conversion.ts';
import { keyOfFolder, type SourceKey } from './source-key.ts';
import { ForOtherEngines, Unconvertible } from './unconvertible.ts';

/** What else there is for weights that cannot be converted. */
export interface ConversionAdvice {
  /** The catalogue's name for the model of this name, if it knows one. */
  readonly readyGguf: (name: string) => string | undefined;
}

/** What converting stands on. */
export interface ConverterParts extends ConversionAdvice {
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
  plan(folder: string): ConvertedFile;
  /** Throws ConfigError if the small files show that it cannot be converted; its weights need not be there yet. */
  check(folder: string): Promise<void>;
  /** Removes what conversions left that were cut off; their folders may never be asked for again. */
  sweep(): Promise<void>;
  /** The converted file; throws ConfigError, or disk_full. Aborting leaves nothing behind. */
  take(folder: string, listener: ConversionListener, signal: AbortSignal): Promise<string>;
}

/** Makes the converter. */
export function createConverter(parts: ConverterParts): Converter {
  const running = new Map<string, Promise<void>>();
  const homeOf = ({ place, state }: SourceKey) => join(parts.folder, place, state);
  const find = (folder: string): string | undefined => {
    const home = homeOf(keyOf(parts, folder));
    const name = existsSync(home) ? readdirSync(home).find((each) => each.endsWith('.gguf')) : undefined;
    return name === undefined ? undefined : join(home, name);
  };
  return {
    find,
    plan(folder) {
      const room = { memoryBytes: parts.freeMemory(), diskBytes: Number.POSITIVE_INFINITY };
      const { name, target } = explained(parts, folder, () => planWeights(folder, room));
      return { name, type: target.type, sizeBytes: target.sizeBytes };
    },
    async sweep() {
      for (const place of await namesIn(parts.folder))
        for (const state of await namesIn(join(parts.folder, place))) {
          const home = join(parts.folder, place, state);
          const isWhole = (await namesIn(home)).some((name) => name.endsWith('.gguf'));
          if (!isWhole && !running.has(home)) await rm(home, { recursive: true, force: true });
        }
    },
    async check(folder) {
      try {
        await runConversion({ task: 'check', source: folder }, () => {}, new AbortController().signal);
      } catch (thrown) {
        throw explain(parts, folder, thrown);
      }
    },
    async take(folder, listener, signal) {
      for (;;) {
        signal.throwIfAborted();
        const found = find(folder);
        if (found !== undefined) return found;
        const key = keyOf(parts, folder);
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

/** None, if there is no such folder. */
async function namesIn(folder: string): Promise<readonly string[]> {
  return existsSync(folder) ? readdir(folder) : [];
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
  const { source, place, home, clock, freeMemory, freeDisk } = job;
  await mkdir(place, { recursive: true, mode: 0o700 });
  // Conversions of what these weights were before, and what was interrupted: nobody will ask for them again.
  for (const name of await readdir(place)) await rm(join(place, name), { recursive: true, force: true });
  const room = { memoryBytes: freeMemory(), diskBytes: await freeDisk(place) };
  const before = keyOf(job, source).state;
  const meter = new ProgressMeter(clock, 0);
  const listen = (news: ConvertNews): void => {
    if (news.type === 'plan') listener.onPlan(news.words);
    if (news.type !== 'progress' || news.bytesDone >= news.bytesTotal || !meter.isDue()) return;
    listener.onProgress(meter.read(news.bytesDone, news.bytesTotal));
  };
  try {
    await runConversion({ task: 'convert', source, home, room }, listen, signal);
    if (keyOf(job, source).state !== before) throw new Unconvertible('its files changed while they were read');
  } catch (thrown) {
    await rm(home, { recursive: true, force: true });
    throw explain(job, source, thrown);
  }
}

function keyOf(advice: ConversionAdvice, folder: string): SourceKey {
  return explained(advice, folder, () => keyOfFolder(folder));
}

function explained<T>(advice: ConversionAdvice, folder: string, act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    throw explain(advice, folder, thrown);
  }
}

/** What cannot be converted as a whole sentence, with what to do instead. */
function explain({ readyGguf }: ConversionAdvice, folder: string, thrown: unknown): unknown {
  if (!(thrown instanceof Unconvertible)) return thrown;
  const name = nameOfFolder(folder);
  const ready = readyGguf(name);
  const instead =
    ready === undefined
      ? `the GGUF of the same model (on the hub usually in '${name}-GGUF', file '${name}-Q4_K_M.gguf')`
      : `the ready GGUF of the catalogue: --model ${ready}`;
  const engine =
    thrown instanceof ForOtherEngines
      ? 'vLLM opens such weights as they are: --backend vllm (install it with: aimindserve engine install vllm).\nOr take'
      : 'Take';
  const message = `The weights in '${folder}' cannot be converted to GGUF: ${thrown.message}.\n${engine} ${instead}.`;
  return new ConfigError('model_unusable', message, { cause: thrown });
}

/** Somebody else's work may go on after we gave up waiting. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const gone = new AbortController();
  const aborted = once(signal, 'abort', { signal: gone.signal }).catch(() => {});
  await Promise.race([work, aborted]);
  gone.abort();
}
