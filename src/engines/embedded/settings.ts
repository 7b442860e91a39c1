/** What the engine process is told at its start: one line of JSON on its standard input. */

import type { Readable } from 'node:stream';
import { Field } from '../../base/decode.ts';
import { ConfigError } from '../../base/errors.ts';
import type { Accelerator } from './gpu-libraries.ts';
import { maxGpus } from './gpu-split.ts';

/** Which libraries compute on GPUs, and how the model is shared out among those. */
export interface GpuSettings {
  readonly accelerator: Accelerator;
  readonly folder: string;
  /** Asked for by name: then it is that or nothing. */
  readonly isWished: boolean;
  /** From the last layer on; -1 = all. */
  readonly layers: number;
  readonly splitMode: 'none' | 'layer' | 'row';
  /** Proportions by device; none = by free memory. */
  readonly shares: readonly number[];
  readonly main: number;
}

/** The engine process's settings. */
export interface EngineSettings {
  readonly modelPath: string;
  /** Null = what the model was trained for, as far as the memory reaches. */
  readonly contextSize: number | null;
  /** Memory of one token of context. */
  readonly kvBytesPerToken: number;
  readonly slots: number;
  /** Null = measured. */
  readonly threads: number | null;
  /** Null = the processor. */
  readonly gpu: GpuSettings | null;
  readonly socketPath: string;
  readonly token: string;
}

/** llama.cpp's own limit of sequences. */
export const maxSlots = 256;
const maxLineBytes = 64 * 1024;

/** Reads the line; the stream stays open for its end to be noticed. */
export function readSettings(input: Readable): Promise<EngineSettings> {
  return new Promise((resolve, reject) => {
    let text = '';
    const refuse = (reason: string): void => reject(new ConfigError('invalid_config', `Engine settings: ${reason}`));
    const take = (chunk: Buffer): void => {
      text += chunk.toString('utf8');
      const end = text.indexOf('\n');
      if (end < 0 && text.length > maxLineBytes) refuse('the line is too long.');
      if (end < 0) return;
      input.off('data', take);
      try {
        resolve(parseSettings(JSON.parse(text.slice(0, end))));
      } catch (cause) {
        refuse(cause instanceof Error ? cause.message : String(cause));
      }
    };
    input.on('data', take);
    input.once('end', () => refuse('standard input ended before them.'));
  });
}

function parseSettings(value: unknown): EngineSettings {
  const field = new Field(value);
  const positive = (item: Field): number => item.integer(1, 2 ** 31 - 1);
  return {
    modelPath: field.get('modelPath').string(),
    contextSize: field.get('contextSize').optional(positive) ?? null,
    kvBytesPerToken: field.get('kvBytesPerToken').number(0),
    slots: field.get('slots').integer(1, maxSlots),
    threads: field.get('threads').optional((item) => item.integer(1, 512)) ?? null,
    gpu: field.get('gpu').optional(parseGpu) ?? null,
    socketPath: field.get('socketPath').string(),
    token: field.get('token').string(),
  };
}

function parseGpu(field: Field): GpuSettings {
  return {
    accelerator: field.get('accelerator').oneOf(['cuda', 'vulkan', 'metal']),
    folder: field.get('folder').string(),
    isWished: field.get('isWished').boolean(),
    layers: field.get('layers').integer(-1, 2 ** 31 - 1),
    splitMode: field.get('splitMode').oneOf(['none', 'layer', 'row']),
    shares: field
      .get('shares')
      .items()
      .map((item) => item.number(0)),
    main: field.get('main').integer(0, maxGpus - 1),
  };
}
