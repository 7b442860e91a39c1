/** Which models of the catalogue suit a machine: for the person who just wants to start. */

import { bitsPerWeight } from '../bits-per-weight.ts';
import { estimateFit, type FitDevice } from '../estimate-fit.ts';
import { factsFromSize } from '../estimate-remote.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';

/** A model, the quantisation to take, and what that means for the disk and the memory. */
export interface Suggestion {
  readonly entry: CatalogEntry;
  readonly quantisation: string;
  /** About what is downloaded. */
  readonly sizeBytes: number;
  /** Tokens of context that one request gets, at most what the model was made for. */
  readonly contextPerRequest: number;
}

const wanted = 3;
/** Weights that take more of the memory leave too little for context, other programs, and a usable speed. */
const mostOfMemory = 0.6;
/** Tools, a system prompt and some turns. */
const leastContext = 16_384;
/** A processor, which is all that the embedded engine computes with, reads all weights for every token: some 40 GB a second. */
const mostOnProcessorBytes = 6e9;
const usualBits = 4.89;

/** The best for this memory, the best first, at most one of a family; the bundled one if nothing else fits. */
export function bestForMachine({ entries }: Catalog, memoryBytes: number): Suggestion[] {
  const fitting = entries.flatMap((entry) => (entry.isBundled ? [] : (suggest(entry, memoryBytes) ?? [])));
  const byWorth = fitting.sort((a, b) => worth(b.entry) - worth(a.entry));
  const families = new Set<string>();
  const best = byWorth.filter(({ entry }) => !families.has(entry.family) && families.add(entry.family));
  return best.length > 0 ? best.slice(0, wanted) : entries.filter(({ isBundled }) => isBundled).map(suggestBundled);
}

/** About the bytes of an entry's files in a quantisation. */
export function catalogSizeBytes({ billions }: CatalogEntry, quantisation: string): number {
  return Math.round((billions * 1e9 * (bitsPerWeight(quantisation) ?? usualBits)) / 8);
}

function suggestBundled(entry: CatalogEntry): Suggestion {
  const [quantisation = ''] = entry.quantisations;
  return { entry, quantisation, sizeBytes: catalogSizeBytes(entry, quantisation), contextPerRequest: entry.context };
}

function suggest(entry: CatalogEntry, memoryBytes: number): Suggestion | undefined {
  // What calls no tools is no first model of a server for tools.
  const [quantisation] = entry.quantisations;
  if (entry.template === undefined || quantisation === undefined) return undefined;
  const sizeBytes = catalogSizeBytes(entry, quantisation);
  if (sizeBytes > Math.min(memoryBytes * mostOfMemory, mostOnProcessorBytes)) return undefined;
  const facts = factsFromSize({
    name: quantisation,
    sizeBytes,
    parameterCount: entry.billions * 1e9,
    trainedContext: entry.context,
  });
  const memory: FitDevice = { id: 'memory', freeBytes: memoryBytes, totalBytes: memoryBytes, isUnified: true };
  const { verdict, contextPerRequest } = estimateFit(facts, { parallel: 1 }, [memory]);
  if (verdict !== 'fits' || contextPerRequest < Math.min(leastContext, entry.context)) return undefined;
  return { entry, quantisation, sizeBytes, contextPerRequest };
}

/**
 * What a model is probably able to do: its parameters (of a mixture of experts the geometric mean of all and of those in use,
 * the usual rule of thumb), twice as much for each year by which it is younger: models of a size have improved faster than that.
 */
function worth({ billions, activeBillions = billions, released }: CatalogEntry): number {
  const [year = 0, month = 1] = released.split('-').map(Number);
  return Math.sqrt(billions * activeBillions) * 2 ** (year + (month - 1) / 12 - 2024);
}
