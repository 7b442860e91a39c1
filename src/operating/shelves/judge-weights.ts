/** Decides, once a model's small files are here, whether its gigabytes are worth fetching. */

import { statSync } from 'node:fs';
import type { Converter } from '../../models/convert/converter.ts';
import { diskFull, partPath, readFreeBytes } from '../../outbound/part-file.ts';
import type { FetchPlan, FileFetch } from './plan-fetch.ts';

/** Throws where they cannot be converted by the converter that will have to, or where the disk is too small for both. */
export async function judgeWeights({ folder, files }: FetchPlan, converter: Converter | undefined): Promise<void> {
  if (folder === undefined) return;
  await converter?.check(folder);
  const whole = files.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
  const left = files.reduce((sum, file) => sum + bytesLeft(file), 0);
  const needed = left + (converter === undefined ? 0 : whole);
  const free = await readFreeBytes(folder);
  if (needed > free) throw diskFull(folder, needed, free);
}

/** What has come of it already lies on the disk; of a part only what was written does. */
function bytesLeft({ target, sizeBytes = 0 }: FileFetch): number {
  if (statSync(target, { throwIfNoEntry: false }) !== undefined) return 0;
  const { blocks = 0 } = statSync(partPath(target), { throwIfNoEntry: false }) ?? {};
  return Math.max(0, sizeBytes - blocks * 512);
}
