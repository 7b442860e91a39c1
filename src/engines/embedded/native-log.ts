/** What llama.cpp says: errors to standard error, the last of them kept as the reason of a failure. */

import { logLevel } from './layouts.ts';

/** Takes log lines of the library. */
export interface NativeLogSink {
  readonly write: (level: number, text: string) => void;
  /** The last errors in one line; empty if there were none. */
  readonly lastError: () => string;
}

const keptErrors = 3;

/** `verbose` writes everything. */
export function createNativeLog(verbose: boolean): NativeLogSink {
  const errors: string[] = [];
  let level = 0;
  return {
    write(given, text) {
      // A continued line has the level of its beginning.
      if (given !== logLevel.continued) level = given;
      if (level >= logLevel.error && text.trim() !== '' && text.trim() !== '.') {
        errors.push(text.trim());
        if (errors.length > keptErrors) errors.shift();
      }
      if (verbose || level >= logLevel.error) process.stderr.write(text);
    },
    lastError: () => errors.join('; '),
  };
}
