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

/** The best that fit, the best first, at most one of a family; only models that should call tools. */
export function bestOffers(catalogue: readonly Item[], memoryBytes: number): readonly Offer[] {
  const fitting = catalogue.flatMap((entry) => {
    const variant = entry.items('variants').find((one) => fits(one, memoryBytes));
    return variant === undefined || ['', 'none', 'failed'].includes(entry.text('tools')) ? [] : [{ entry, variant }];
  });
  const byWorth = fitting.toSorted((one, other) => worth(other.entry) - worth(one.entry));
  const families = new Set<string>();
  const best = byWorth.filter(({ entry }) => !families.has(familyOf(entry)) && families.add(familyOf(entry)));
  return best.slice(0, wanted).map((offer, index) => ({ number: index + 1, ...offer }));
}

/** The memory that weights go to: the accelerators', else the machine's own. */
export function memoryOf(devices: readonly Item[]): number {
  const own = devices.filter((device) => device.text('kind') !== 'cpu' && !device.isTrue('isUnified'));
  const used = own.length > 0 ? own : devices.filter((device) => device.text('kind') === 'cpu');
  return used.reduce((sum, device) => sum + (device.number('memoryBytes') ?? 0), 0);
}

function fits(variant: Item, memoryBytes: number): boolean {
  return variant.isTrue('fits') && (variant.number('sizeBytes') ?? 0) <= memoryBytes * mostOfMemory;
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
