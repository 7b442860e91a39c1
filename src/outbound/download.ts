/** Fetches one file: resumed, checked by size and hash, and under its name only when it is whole. */

import { rm, stat } from 'node:fs/promises';
import { type AppError, isAppError, UnavailableError } from '../base/errors.ts';
import type { DownloadJob, DownloadTools } from './download-job.ts';
import { removeState } from './download-state.ts';
import { FileFetch } from './file-fetch.ts';
import { hashFile, PartFile, partPath } from './part-file.ts';

/**
 * Returns when the file is at its target; bytes from an earlier try are kept, also when this one fails.
 * Throws download_refused, download_failed, checksum_mismatch, disk_full or address_refused.
 */
export async function downloadFile(tools: DownloadTools, job: DownloadJob): Promise<void> {
  const signal = job.signal ?? new AbortController().signal;
  try {
    signal.throwIfAborted();
    if (await isThere(job, signal)) return;
    const part = await PartFile.open(job.target);
    try {
      await fetchRight(new FileFetch(tools, job, part), job, signal);
      await part.finish();
    } finally {
      await part.close();
    }
    await removeState(job.target);
  } catch (error) {
    throw toDownloadError(error, signal);
  }
}

/** A file that is there and right need not be fetched; without a hash nobody knows. */
async function isThere(job: DownloadJob, signal: AbortSignal): Promise<boolean> {
  if (job.sha256 === undefined) return false;
  const found = await stat(job.target).catch(() => undefined);
  if (found?.isFile() !== true || found.size !== (job.sizeBytes ?? found.size)) return false;
  return (await hashFile(job.target, signal)) === job.sha256;
}

/** A wrong hash may be a disturbance, once. */
async function fetchRight(fetch: FileFetch, job: DownloadJob, signal: AbortSignal): Promise<void> {
  for (let tries = 0; tries < 2; tries++) {
    await fetch.run();
    if (job.sha256 === undefined || (await hashFile(partPath(job.target), signal)) === job.sha256) return;
    await fetch.forget();
  }
  await rm(partPath(job.target), { force: true });
  throw new UnavailableError(
    'checksum_mismatch',
    `The file from ${new URL(job.url).host} does not have the hash announced.`,
  );
}

function toDownloadError(error: unknown, signal: AbortSignal): AppError {
  if (signal.aborted) return new UnavailableError('download_failed', 'The download was cancelled.', { cause: error });
  if (isAppError(error) && error.code !== 'outbound_failed') return error;
  const message = error instanceof Error ? error.message : String(error);
  return new UnavailableError('download_failed', message, { cause: error });
}
