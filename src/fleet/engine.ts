/** Programs and libraries that run models: what of them is on a worker, and what a person asks to have installed. */

import { type Static, Type } from 'typebox';

/** Programs and libraries as they are found or installed; which engine drives one, `engines/` says. */
export type EngineProgram = 'vllm' | 'llama-box' | 'llama-libraries';

/** `installed` = by us, may be removed by us; `path` = found on the search path; `configured` = named by a setting. */
export type EngineOrigin = 'installed' | 'path' | 'configured' | 'bundled';

/** What an engine computes on. */
export type EngineAccelerator = 'cpu' | 'cuda' | 'rocm' | 'vulkan' | 'metal';

/** One version of one engine on a worker, or on its way there. */
export interface InstalledEngine {
  readonly id: string;
  readonly workerId: string;
  readonly name: EngineProgram;
  /** '' = not known yet. */
  readonly version: string;
  readonly origin: EngineOrigin;
  /** What starts it, before any arguments of ours; empty for libraries. */
  readonly command: readonly string[];
  /** Absent = it does not tell. */
  readonly accelerator?: EngineAccelerator;
  readonly state: 'installing' | 'ready' | 'failed' | 'removing';
  /** What is being done, why it failed, or what else to know of it. */
  readonly reason: string;
  /** Known of what we installed. */
  readonly sizeBytes?: number;
  /** Unix seconds; of an installation under way, when it began. */
  readonly installedAt: number;
}

/** What a person asks to have installed. */
export const engineWishSchema = Type.Object(
  {
    name: Type.Enum(['vllm', 'llama-libraries']),
    /** Absent = the newest; of libraries there is only the one that this program knows. */
    version: Type.Optional(Type.String({ maxLength: 64, pattern: '^[0-9][0-9A-Za-z.+]*$' })),
    /** Absent = a GPU where there is one. */
    accelerator: Type.Optional(Type.Enum(['cpu', 'cuda', 'vulkan', 'metal'])),
    /** A mirror of the package index; default: the one that pip or npm of this machine is set to. */
    index: Type.Optional(Type.String({ maxLength: 2_048, pattern: '^https?://[^\\s/?#@\\\\]+(/[^\\s?#]*)?$' })),
    /** A folder of the worker with everything needed, in place of any index. */
    wheels: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })),
  },
  { additionalProperties: false },
);

/** A wish to have an engine installed. */
export type EngineWish = Static<typeof engineWishSchema>;
