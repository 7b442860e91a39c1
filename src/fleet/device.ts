/** A device that can compute: the processor with the machine's memory, or an accelerator with its own. */

/** How a device is programmed; `cpu` is there once on every machine. */
export type DeviceKind = 'cpu' | 'cuda' | 'rocm' | 'metal' | 'ascend';

/** One device of a worker, as it was last read. */
export interface Device {
  /** `cpu`, or its kind and number: `cuda:0`, `rocm:1`, `metal:0`, `ascend:0`. */
  readonly id: string;
  readonly kind: DeviceKind;
  readonly name: string;
  readonly memoryBytes: number;
  readonly memoryUsedBytes?: number;
  /** Its memory is the machine's: what it holds, the processor cannot. */
  readonly isUnified?: true;
  /** Between 0 and 1. */
  readonly utilisation?: number;
  readonly driver?: string;
  readonly uuid?: string;
  /** Of a processor, counted as hardware, not as threads. */
  readonly cores?: number;
  /** Instructions of a processor that make inference faster, as its system calls them. */
  readonly features?: readonly string[];
}
