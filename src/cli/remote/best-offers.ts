/** Which models of the catalogue to offer to a person who just wants to start. */

import type { Item } from './item.ts';

/** A model, and the variant of it to take. */
export interface Offer {
  /** Counted from 1: what the person types. */
  readonly number: number;
  readonly entry: Item;
  readonly variant: Item;
}

const wanted = 3;
/** Weights that take more of the memory leave too little for context, other programs, and a usable speed. */
const mostOfMemory = 0.6;
/** A processor reads all weights for every token, from memory that gives it some 40 GB a second. */
const mostOnProcessorBytes = 6e9;

/** The best that fit, the best first, at most one of a family; only models that should call tools. */
export function bestOffers(catalogue: readonly Item[], devices: readonly Item[]): readonly Offer[] {
  const mostBytes = mostBytesOn(devices);
  const fitting = catalogue.flatMap((entry) => {
    const variant = entry.items('variants').find((one) => fits(one, mostBytes));
    return variant === undefined || ['', 'none', 'failed'].includes(entry.text('tools')) ? [] : [{ entry, variant }];
  });
  const byWorth = fitting.toSorted((one, other) => worth(other.entry) - worth(one.entry));
  const families = new Set<string>();
  const best = byWorth.filter(({ entry }) => !families.has(familyOf(entry)) && families.add(familyOf(entry)));
  return best.slice(0, wanted).map((offer, index) => ({ number: index + 1, ...offer }));
}

/** The largest weights worth offering: by the accelerators' memory, else by the machine's own. */
function mostBytesOn(devices: readonly Item[]): number {
  const accelerators = devices.filter((device) => device.text('kind') !== 'cpu');
  const used = accelerators.length > 0 ? accelerators : devices;
  const bytes = used.reduce((sum, device) => sum + (device.number('memoryBytes') ?? 0), 0) * mostOfMemory;
  return accelerators.length > 0 ? bytes : Math.min(bytes, mostOnProcessorBytes);
}

function fits(variant: Item, mostBytes: number): boolean {
  return variant.isTrue('fits') && (variant.number('sizeBytes') ?? 0) <= mostBytes;
}

/** Larger is better, and a year younger as good as twice as large: models of a size improve about so fast. */
function worth(entry: Item): number {
  const [year = 2024, month = 1] = entry.text('releasedAt').split('-').map(Number);
  return (entry.number('parameterCount') ?? 0) * 2 ** (year + (month - 1) / 12 - 2024);
}

/** What stands first in a description, as in `Qwen3, 8 thousand million parameters`. */
function familyOf(entry: Item): string {
  return entry.text('description').split(',', 1)[0] ?? '';
}
