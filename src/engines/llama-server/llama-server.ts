/** llama.cpp's own server as an engine: launched on a free port, asked by raw completions. */

import type { RandomHex } from '../../base/clock.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import type { Engine, EngineKind } from '../engine.ts';
import { planLlamaServer, toUrl } from './launch.ts';
import { readWishes } from './parameters.ts';

/**
 * What holds whether or not one is installed. The backend bears the name of GPUStack's llama-box, whose deployments
 * people bring along; llama-box itself (github.com/gpustack/llama-box, given up in 2025) takes the same main flags, but
 * has no `/props`, no slots, no key, and its `/completion` neither takes nor returns token ids: it is refused when it
 * is asked.
 */
export const llamaServerKind: EngineKind = {
  name: 'llama-box',
  weights: 'gguf',
  usesGpu: true,
  readWishes,
};

/** What the engine is made from. */
export interface LlamaServerParts {
  /** Must let loopback through, and use no proxy for it. */
  readonly outbound: Pick<Outbound, 'request'>;
  readonly randomHex: RandomHex;
  /** The program and what stands before our arguments; an absolute path. */
  readonly command: readonly string[];
  readonly version: string;
}

/** Makes the engine of one installed program. */
export function createLlamaServerEngine({ outbound, randomHex, command, version }: LlamaServerParts): Engine {
  return {
    ...llamaServerKind,
    version,
    listens: 'port',
    plan: (spec, slot) => planLlamaServer(command, spec, slot),
    // How it is asked is read when there is one to ask: every start would wait for it.
    async connect(address, signal, served) {
      const { connectLlamaServer } = await import('./connect.ts');
      return connectLlamaServer({ outbound, randomHex }, { address: toUrl(address), served }, signal);
    },
  };
}
