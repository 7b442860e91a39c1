/** The thread's side of `convert-work.ts`: plans, writes, and says what went wrong. */

import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { isAppError } from '../../base/errors.ts';
import { diskFull } from '../../outbound/part-file.ts';
import { inWords } from '../estimate-memory.ts';
import type { ConvertNews, ConvertOrder } from './convert-work.ts';
import { type ConversionPlan, checkSmallFiles, neededDisk, planConversion } from './plan-conversion.ts';
import { ForOtherEngines, Unconvertible } from './unconvertible.ts';
import { writeGguf } from './write-gguf.ts';

function tell(news: ConvertNews): void {
  parentPort?.postMessage(news);
}

async function work(order: ConvertOrder): Promise<void> {
  const { source } = order;
  if (order.task === 'check') return checkSmallFiles(source);
  const { home, room } = order;
  const plan = planConversion(source, room);
  const { name, target, metadata } = plan;
  if (neededDisk(target) > room.diskBytes) throw diskFull(home, neededDisk(target), room.diskBytes);
  tell({ type: 'plan', words: describePlan(plan, room.diskBytes) });
  await writeGguf({
    path: join(home, `${name.replaceAll(/[^\w.-]/g, '_')}-${target.type}.gguf`),
    metadata,
    tensors: target.tensors,
    signal: new AbortController().signal,
    onProgress: (bytesDone, bytesTotal) => tell({ type: 'progress', bytesDone, bytesTotal }),
  });
}

/** `converting LlamaForCausalLM to GGUF BF16, once (15.0 GiB of 80.2 GiB free on the disk, …)`. */
function describePlan({ config, target, memoryBytes, minutes }: ConversionPlan, diskBytes: number): string {
  const disk = `${inWords(target.sizeBytes)} of ${inWords(diskBytes)} free on the disk`;
  const time = minutes === 1 ? 'a minute or less' : `about ${minutes} minutes`;
  return `converting ${config.className} to GGUF ${target.type}, once (${disk}, ${inWords(memoryBytes)} of memory to serve, ${time})`;
}

function toNews(thrown: unknown): ConvertNews {
  if (thrown instanceof Unconvertible)
    return { type: 'refused', clause: thrown.message, isForOthers: thrown instanceof ForOtherEngines };
  if (isAppError(thrown)) return { type: 'failed', code: thrown.code, message: thrown.message };
  throw thrown;
}

try {
  await work(workerData);
  tell({ type: 'done' });
} catch (thrown) {
  tell(toNews(thrown));
}
