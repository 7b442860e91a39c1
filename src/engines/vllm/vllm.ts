/** vLLM: a program of its own that is started on a port and asked for raw completions. */

import type { RandomHex } from '../../base/clock.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import type { Engine, EngineKind } from '../engine.ts';
import { planVllm } from './launch.ts';
import { readWishes } from './parameters.ts';

/** What is known of it without an installation. */
export const vllmKind = {
  name: 'vllm',
  weights: 'safetensors',
  usesGpu: true,
  readWishes,
} satisfies EngineKind;

/** One installation, and how it is asked. */
export interface VllmParts {
  /** Must let loopback through, and use no proxy for it. */
  readonly outbound: Pick<Outbound, 'request'>;
  readonly randomHex: RandomHex;
  /** What stands before the flags: `vllm serve`, or Python with its module; the program's path is absolute. */
  readonly command: readonly string[];
  readonly version: string;
}

/** The engine of one installation. */
export function createVllmEngine({ outbound, randomHex, command, version }: VllmParts): Engine {
  return {
    ...vllmKind,
    version,
    listens: 'port',
    // Killed, its processes leave shared memory behind.
    graceMs: 15_000,
    plan: (spec, slot) => planVllm(command, spec, slot),
    // How it is asked is read when there is one to ask: every start would wait for it.
    async connect(address, signal, served) {
      const { connectVllm } = await import('./connect.ts');
      return connectVllm({ outbound, randomHex, version }, { address, served }, signal);
    },
  };
}
