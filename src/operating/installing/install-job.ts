/** One installation under way: its log, its progress, the programs that it runs, and its clean end. */

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toAppError } from '../../base/errors.ts';
import type { EngineWish, InstalledEngine } from '../../fleet/engine.ts';
import { type ProgramEnd, runToEnd } from '../../runtime/run-to-end.ts';
import { type EngineManifest, installFolder, readManifest } from './engine-manifest.ts';
import { InstallLog } from './install-log.ts';

/** What an installer works with. */
export interface InstallTools {
  /** Of all engines; what an installation leaves besides its own folder is shared by the next ones. */
  readonly enginesFolder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Says what is being done now. */
  tell(step: string): void;
  /** Writes to the log. */
  say(line: string): void;
  /** Runs a program to its end, its words and its lines in the log. */
  run(command: string, args: readonly string[], patienceMs: number): Promise<ProgramEnd>;
  /** Writes a small file, in a folder that need not be there. */
  writeText(path: string, text: string): Promise<void>;
  /** The empty folder of this version; undefined = it is installed already. */
  claim(version: string): Promise<string | undefined>;
}

/** What an installer has put there. */
export type Installed = Omit<EngineManifest, 'id' | 'name' | 'installedAt'>;

/** Installs what is wished, unless it is there; whatever it throws is why it failed. */
export type Installer = (wish: EngineWish, tools: InstallTools) => Promise<Installed | undefined>;

/** What jobs are begun with. */
export interface JobParts {
  readonly enginesFolder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Carried by every program that is run, so that a later server finds what is left of it. */
  readonly mark: string;
  /** Called after every change of `engine`. */
  readonly changed: (job: InstallJob) => void;
}

/** Progress is told at most so often. */
const tellMs = 500;

/** An installation. */
export class InstallJob {
  readonly wish: EngineWish;
  readonly log: InstallLog;
  engine: InstalledEngine;
  /** What it has put there, once it is done. */
  installed: Installed | undefined;
  /** Where it puts things, once that is known. */
  folder: string | undefined;
  readonly #parts: JobParts;
  readonly #stop = new AbortController();
  #step = '';
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(engine: InstalledEngine, wish: EngineWish, parts: JobParts & { readonly logPath: string }) {
    this.engine = engine;
    this.wish = wish;
    this.#parts = parts;
    this.log = new InstallLog(parts.logPath);
  }

  /** Begins when it is its turn; resolves with what came of it, however it ends. What is half done is removed. */
  async run(installer: Installer, turn: Promise<unknown>): Promise<'installed' | 'already' | 'failed' | 'cancelled'> {
    try {
      await untilAbort(turn, this.#stop.signal);
      this.installed = await installer(this.wish, this.#tools());
      this.#stop.signal.throwIfAborted();
      return this.installed === undefined ? 'already' : 'installed';
    } catch (thrown) {
      const why = toAppError(thrown).message;
      this.log.say(this.#stop.signal.aborted ? 'Cancelled.' : why);
      if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
      this.folder = undefined;
      if (this.#stop.signal.aborted) return 'cancelled';
      this.#set({ state: 'failed', reason: why });
      return 'failed';
    }
  }

  cancel(): void {
    this.#set({ state: 'removing', reason: 'being cancelled' });
    this.#stop.abort();
  }

  #tools(): InstallTools {
    const { enginesFolder, environment, mark } = this.#parts;
    const { signal } = this.#stop;
    return {
      enginesFolder,
      environment,
      signal,
      tell: (step) => {
        this.log.say(`== ${step}`);
        this.#step = step;
        this.#set({ reason: step });
      },
      say: (line) => this.log.say(line),
      run: (command, args, patienceMs) => {
        this.log.say(`$ ${[command, ...args].join(' ')}`);
        const onLine = (line: string): void => this.#hear(line);
        return runToEnd({ command, arguments: args, environment, patienceMs, signal, mark, onLine });
      },
      writeText: async (path, text) => {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writeFile(path, text);
      },
      claim: (version) => this.#claim(version),
    };
  }

  async #claim(version: string): Promise<string | undefined> {
    const { enginesFolder } = this.#parts;
    const folder = installFolder(enginesFolder, this.wish.name, version);
    if ((await readManifest(folder)) !== undefined) return undefined;
    // Of this engine nothing else is being installed meanwhile: what lies there is of no use to anybody.
    await rm(folder, { recursive: true, force: true });
    this.folder = folder;
    this.#set({ version });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    this.#stop.signal.throwIfAborted();
    return folder;
  }

  #hear(line: string): void {
    this.log.say(line);
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < tellMs) return;
    this.#toldMs = nowMs;
    this.#set({ reason: `${this.#step}: ${line.trim().slice(0, 200)}` });
  }

  #set(change: Partial<InstalledEngine>): void {
    this.engine = { ...this.engine, ...change };
    this.#parts.changed(this);
  }
}

function untilAbort(work: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  const left = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, left]);
}
