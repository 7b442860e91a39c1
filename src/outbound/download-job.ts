/** What a download is asked with and what it works with. */

import type { Clock } from '../base/clock.ts';
import type { Pause } from './insist.ts';
import type { Outbound } from './outbound.ts';
import type { DownloadProgress } from './progress-meter.ts';

/** What is to be fetched. */
export interface DownloadJob {
  readonly url: string;
  /** Sent to the URL's own host only; a token may be among them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** An absolute path; `.part` and `.part.json` beside it hold what has come so far. */
  readonly target: string;
  readonly sizeBytes?: number;
  /** Lower-case hexadecimal. */
  readonly sha256?: string;
  readonly signal?: AbortSignal;
  /** At most twice a second, and at the end. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Ranges fetched at once for files of 64 MiB and more; default 4. */
  readonly parallel?: number;
}

/** What downloads depend on. */
export interface DownloadTools {
  readonly outbound: Outbound;
  readonly clock: Clock;
  /** Default: the system's timers. */
  readonly pause?: Pause;
  /** After so long without a byte a connection is given up and another one goes on; default 60 s. */
  readonly idleTimeoutMs?: number;
  /** Default: what the file system says. */
  readonly readFreeBytes?: (folder: string) => Promise<number>;
}
