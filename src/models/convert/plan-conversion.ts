/** What converting a folder of weights will make: known from the small files and headers, before any weight is read. */

import { ConfigError } from '../../base/errors.ts';
import { estimateMemory, inWords, type MemoryFacts, smallestContext } from '../estimate-memory.ts';
import type { MetadataEntry } from './gguf-header.ts';
import { type ModelConfig, readModelConfig } from './model-config.ts';
import { modelEntries } from './model-entries.ts';
import { nameOfFolder } from './name-of-folder.ts';
import { type PlannedTensor, planTensors } from './plan-tensors.ts';
import { readJson } from './read-json.ts';
import { chooseTarget, type Precision, type Target } from './target-type.ts';
import { tokenizerEntries } from './tokenizer-entries.ts';
import { Unconvertible } from './unconvertible.ts';
import { readWeights } from './weight-files.ts';

/** Bytes that this machine has to spare. */
export interface Room {
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** What a conversion will make, by its weights alone. */
export interface WeightsPlan {
  readonly name: string;
  readonly config: ModelConfig;
  readonly target: Target;
  /** With a useful context; what serving it will take at least. */
  readonly memoryBytes: number;
  readonly minutes: number;
}

/** A conversion that can begin. */
export interface ConversionPlan extends WeightsPlan {
  readonly metadata: readonly MetadataEntry[];
}

/** A context that is of some use; more is taken when there is room. */
const usefulContext = 4_096;
/** What one core converts, carefully measured low: copying is bound by the disk, quantising by arithmetic. */
const bytesPerMinute: Readonly<Record<Precision, number>> = { wide: 12e9, q8_0: 4e9 };
/** Left for everything else that writes to the same disk. */
const spareDiskBytes = 256 << 20;

/** Plans it in the best precision that fits; Unconvertible, or a ConfigError with the numbers if none fits. */
export function planConversion(folder: string, room: Room): ConversionPlan {
  const plan = planWeights(folder, room);
  const { name, config, target } = plan;
  const metadata = [
    ...modelEntries(folder, config, { name, fileType: target.fileType }),
    ...tokenizerEntries(folder, config),
  ];
  return { ...plan, metadata };
}

/** Throws Unconvertible if it can be seen without the weights. */
export function checkSmallFiles(folder: string): void {
  tokenizerEntries(folder, readModelConfig(readJson(folder, 'config.json') ?? missing('config.json')));
}

/** The same without the vocabulary, whose reading takes a while. */
export function planWeights(folder: string, room: Room): WeightsPlan {
  const config = readModelConfig(readJson(folder, 'config.json') ?? missing('config.json'));
  const planned = planTensors(config, readWeights(folder));
  const name = nameOfFolder(folder);
  const precision = choosePrecision({ name, config, planned }, room);
  const target = chooseTarget(planned, precision);
  const minutes = Math.max(1, Math.ceil(target.sizeBytes / bytesPerMinute[precision]));
  return { name, config, target, memoryBytes: memoryOf({ name, config, planned }, precision), minutes };
}

/** Enough disk is left for a file of this size. */
export function neededDisk(target: Target): number {
  return target.sizeBytes + spareDiskBytes;
}

interface Model {
  readonly name: string;
  readonly config: ModelConfig;
  readonly planned: readonly PlannedTensor[];
}

/** What does not fit the disk is told when it is about to be written, with its numbers. */
function choosePrecision(model: Model, { memoryBytes, diskBytes }: Room): Precision {
  const fits = (precision: Precision) =>
    memoryOf(model, precision) <= memoryBytes && neededDisk(chooseTarget(model.planned, precision)) <= diskBytes;
  if (fits('wide')) return 'wide';
  if (memoryOf(model, 'q8_0') <= memoryBytes) return 'q8_0';
  const message =
    `'${model.name}' needs about ${inWords(memoryOf(model, 'q8_0'))} of memory even at 8 bits a weight, and ` +
    `${inWords(memoryBytes)} are free. Take a GGUF of the same model at 4 bits (on the hub usually in ` +
    `'${model.name}-GGUF', file '${model.name}-Q4_K_M.gguf'), or a smaller model.`;
  throw new ConfigError('out_of_memory', message);
}

function memoryOf({ name, config, planned }: Model, precision: Precision): number {
  const { layers, keyHeads, headSize, vocabulary, context } = config;
  const facts: MemoryFacts = {
    name,
    sizeBytes: chooseTarget(planned, precision).sizeBytes,
    kvBytesPerToken: layers * keyHeads * headSize * 2 * 2,
    vocabularySize: vocabulary,
    trainedContext: context,
  };
  return estimateMemory(facts, Math.max(smallestContext, Math.min(context, usefulContext)), 1).totalBytes;
}

function missing(name: string): never {
  throw new Unconvertible(`it has no ${name}`);
}
