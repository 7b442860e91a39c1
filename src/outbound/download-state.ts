/** What is remembered of an unfinished download, so that it goes on where it stopped, even after a crash. */

import { createHash } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { Field } from '../base/decode.ts';
import type { DownloadJob } from './download-job.ts';
import { partPath } from './part-file.ts';

/** A stretch of the file; `at` moves from `start` to `end` (exclusive) as bytes are written. */
export interface Segment {
  readonly start: number;
  at: number;
  readonly end: number;
}

/** An unfinished file; its segments cover it without gaps. */
export interface DownloadState {
  /** Of address and hash: another file under the same name must not be continued. */
  readonly identity: string;
  /** A strong ETag or a Last-Modified date; empty = the server gave none. */
  readonly validator: string;
  readonly totalBytes: number;
  readonly segments: readonly Segment[];
}

const mostSegments = 64;

/** A download of which nothing is there yet, in `count` segments of about the same length. */
export function planState(
  job: DownloadJob,
  { totalBytes, validator }: { readonly totalBytes: number; readonly validator: string },
  count: number,
): DownloadState {
  const border = (index: number) => Math.floor((totalBytes * index) / count);
  const segments = Array.from({ length: count }, (_, index) => ({
    start: border(index),
    at: border(index),
    end: border(index + 1),
  }));
  return { identity: identityOf(job), validator, totalBytes, segments };
}

/** How many bytes are there. */
export function bytesDone(state: DownloadState): number {
  return state.segments.reduce((sum, { start, at }) => sum + at - start, 0);
}

function statePath(target: string): string {
  return `${partPath(target)}.json`;
}

/** Names the file meant; the query is left out, for signatures in it differ each time. */
function identityOf(job: DownloadJob): string {
  const { origin, pathname } = new URL(job.url);
  return createHash('sha256')
    .update(`${origin}${pathname} ${job.sha256 ?? ''}`)
    .digest('hex');
}

/** What was saved of this download, if a part file of `partBytes` can be continued with it. */
export async function readResumable(job: DownloadJob, partBytes: number): Promise<DownloadState | undefined> {
  const state = await readState(job.target);
  if (state === undefined || state.identity !== identityOf(job)) return undefined;
  const isCheckable = state.validator !== '' || job.sha256 !== undefined;
  const reached = Math.max(0, ...state.segments.map(({ start, at }) => (at > start ? at : 0)));
  const isThere = partBytes >= reached && state.totalBytes === (job.sizeBytes ?? state.totalBytes);
  return isCheckable && isThere ? state : undefined;
}

async function readState(target: string): Promise<DownloadState | undefined> {
  try {
    const state = decodeState(new Field(JSON.parse(await readFile(statePath(target), 'utf8'))));
    return isCovered(state) ? state : undefined;
  } catch {
    // Absent or damaged: the download begins anew, which is always right.
    return undefined;
  }
}

/** Saves states of one download, one after the other. */
export class StateSaver {
  readonly #target: string;
  #saving: Promise<void> = Promise.resolve();

  constructor(target: string) {
    this.#target = target;
  }

  /** `sync` brings the bytes that the state speaks of to the disk; a state that cannot be saved costs only time later. */
  save(state: DownloadState, sync: () => Promise<void>): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      const text = JSON.stringify(state);
      const path = statePath(this.#target);
      try {
        await sync();
        await writeFile(`${path}.new`, text);
        await rename(`${path}.new`, path);
      } catch {
        await rm(`${path}.new`, { force: true });
      }
    });
    return this.#saving;
  }
}

/** Forgets the download. */
export async function removeState(target: string): Promise<void> {
  await rm(statePath(target), { force: true });
}

function decodeState(field: Field): DownloadState {
  return {
    identity: field.get('identity').string(),
    validator: field.get('validator').string(),
    totalBytes: field.get('totalBytes').integer(0),
    segments: field
      .get('segments')
      .items()
      .map((item) => ({
        start: item.get('start').integer(0),
        at: item.get('at').integer(0),
        end: item.get('end').integer(0),
      })),
  };
}

function isCovered({ totalBytes, segments }: DownloadState): boolean {
  const isOrdered = segments.every(({ start, at, end }, index) => {
    return start === (segments[index - 1]?.end ?? 0) && start <= at && at <= end;
  });
  return isOrdered && segments.length <= mostSegments && (segments.at(-1)?.end ?? 0) === totalBytes;
}
