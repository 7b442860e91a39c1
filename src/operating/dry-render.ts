/** Tries a stranger's chat template in a thread with a heap limit, before the server itself touches it. */

import { Worker } from 'node:worker_threads';
import { ConfigError } from '../base/errors.ts';

/** What the thread is given. */
export interface DryRenderInput {
  readonly source: string;
  readonly bosToken: string;
  readonly eosToken: string;
  readonly specialTokens: readonly string[];
}

/** What the thread answers: undefined = the template works, else why not. */
export type DryRenderOutput = { readonly problem?: string };

const heapLimitMb = 256;
const timeLimitMs = 10_000;

/** Compiles and renders the template in a thread of its own; throws ConfigError when it cannot be used. */
export async function dryRender(input: DryRenderInput): Promise<void> {
  const worker = new Worker(entry(), {
    workerData: input,
    resourceLimits: { maxOldGenerationSizeMb: heapLimitMb, stackSizeMb: 4 },
  });
  try {
    const problem = await outcome(worker);
    if (problem !== undefined) throw new ConfigError('model_unusable', `The chat template cannot be used: ${problem}`);
  } finally {
    await worker.terminate();
  }
}

function outcome(worker: Worker): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(`it ran longer than ${timeLimitMs / 1000} s`), timeLimitMs);
    const settle = (problem: string | undefined) => {
      clearTimeout(timer);
      resolve(problem);
    };
    worker.once('message', (output: DryRenderOutput) => settle(output.problem));
    worker.once('error', (error) => settle(error.message));
    worker.once('exit', (code) => settle(`its thread ended with code ${code}`));
  });
}

/** The thread's program; tests run from TypeScript sources and use the built one. */
function entry(): URL {
  const built = import.meta.url.endsWith('.ts') ? '../../dist/operating/' : './';
  return new URL(`${built}dry-render-thread.js`, import.meta.url);
}
