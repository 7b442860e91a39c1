/** A server on a data directory of its own that outlives it, as a person who has just installed it would start one. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processesOf } from './platform-processes.ts';
import { type ServeProcess, startServer } from './running-server.ts';

/** A data directory and what is started on it. */
export interface Place {
  readonly dataFolder: string;
  /** Starts a server on it. */
  start(words?: readonly string[], environment?: Readonly<Record<string, string>>): Promise<ServeProcess>;
  /** Ends whatever of it still runs, and removes the directory. */
  clear(): void;
}

/** Makes an empty one, or one at a path that is to be the data directory. */
export function freshPlace(environment: Readonly<Record<string, string>> = {}, path?: string): Place {
  const folder = mkdtempSync(join(tmpdir(), 'aimindserve-place-'));
  const dataFolder = path ?? join(folder, 'data');
  const home = join(folder, 'home');
  mkdirSync(home);
  return {
    dataFolder,
    start: (words = [], more = {}) =>
      startServer(words, {
        folder: home,
        environment: { HOME: home, AIMINDSERVE_DATA_DIR: dataFolder, ...environment, ...more },
      }),
    clear() {
      for (const { pid } of processesOf(dataFolder)) process.kill(pid, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
