/** What a method or filter of a template is called with. */

import type { Value } from './library.ts';
import type { Meter } from './meter.ts';

/** The arguments of a call, with the meter that pays for it. */
export interface Call {
  readonly args: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
  readonly meter: Meter;
  /** Keeps special tokens from being forged by cutting out what stood between their halves. */
  readonly guard: (text: string) => string;
}
