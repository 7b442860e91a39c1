/** The engines of this machine: found, installed, and removed again. */

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { RequestError, UnavailableError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { EngineWish, InstalledEngine } from '../../fleet/engine.ts';
import { followLog } from '../../runtime/follow-log.ts';
import { killMarked } from '../../runtime/process-table.ts';
import { readLastLines } from '../../runtime/read-log.ts';
import { type EngineManifest, readManifests, removeHalves, writeManifest } from './engine-manifest.ts';
import { askProgram, type FoundProgram, findPrograms, type ProgramWorld, stampOf } from './engine-programs.ts';
import { type Installer, InstallJob, type JobParts } from './install-job.ts';

/** Which lines of an installation's log. */
export interface EngineLogQuery {
  readonly lines: number;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** What people can ask of engines. Ids that do not exist are a RequestError `not_found`. */
export interface EngineControl {
  /** What there is now; looks anew. */
  list(): Promise<readonly InstalledEngine[]>;
  /** As it was last seen. */
  peek(id: string): InstalledEngine | undefined;
  /** Begins to install; the same again is the same installation. */
  install(wish: EngineWish): Promise<InstalledEngine>;
  /** Removes what was installed, cancels what is being installed, forgets what failed. */
  remove(id: string): Promise<void>;
  log(id: string, query: EngineLogQuery): AsyncIterable<string>;
}

/** What the desk stands on. */
export interface EngineDeskParts {
  /** Of all engines. */
  readonly folder: string;
  readonly workerId: string;
  readonly programs: ProgramWorld;
  readonly installers: Readonly<Record<EngineWish['name'], Installer>>;
  /** Throws RequestError for what cannot be wished here. */
  readonly check: (wish: EngineWish) => Promise<void>;
  /** Names of the deployments that run with it. */
  readonly usersOf: (engine: InstalledEngine) => readonly string[];
  readonly environment: JobParts['environment'];
  /** Tells this data directory's installers from others'. */
  readonly mark: string;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly changed: (id: string, type: 'created' | 'updated' | 'deleted') => void;
  /** Called when it is known for the first time what there is. */
  readonly looked: () => void;
}

/** What somebody installs by hand is found after so long. */
const freshMs = 30_000;
/** So many failed installations are remembered. */
const keptFailures = 10;

/** Looks when it is first needed: asking programs for their version would hold up every start. */
export class EngineDesk implements EngineControl {
  #found: readonly InstalledEngine[] | undefined;
  #looking: Promise<readonly InstalledEngine[]> | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  readonly #asked = new Map<string, Awaited<ReturnType<typeof askProgram>>>();
  readonly #jobs = new Map<string, InstallJob>();
  readonly #running = new Map<InstallJob, Promise<void>>();
  /** By id: which program, and until when. */
  readonly #removing = new Map<string, { readonly name: string; readonly done: Promise<void> }>();
  readonly #parts: EngineDeskParts;

  constructor(parts: EngineDeskParts) {
    this.#parts = parts;
  }

  /** What was last found; undefined = nobody has looked yet. Who asks for what was found long ago has it looked for again. */
  get known(): readonly InstalledEngine[] | undefined {
    const isOld = this.#parts.clock.nowMs() - this.#lookedAtMs > freshMs;
    if (isOld && this.#looking === undefined) void this.#lookOrSay();
    return this.#found && this.#all(this.#found);
  }

  /** Is there a program of llama.cpp? Answered without asking it anything. */
  get hasLlamaProgram(): boolean {
    return findPrograms(this.#parts.programs).some(({ name }) => name === 'llama-box');
  }

  async list(): Promise<readonly InstalledEngine[]> {
    return this.#all(await this.#look());
  }

  peek(id: string): InstalledEngine | undefined {
    return this.#all(this.#found ?? []).find((engine) => engine.id === id);
  }

  async install(wish: EngineWish): Promise<InstalledEngine> {
    await this.#parts.check(wish);
    const found = await this.list();
    if (this.#isClosed) throw new UnavailableError('shutting_down', 'The server is stopping; nothing is installed.');
    const key = keyOf(wish);
    for (const job of this.#running.keys())
      if (keyOf(job.wish) === key && job.engine.state === 'installing') return job.engine;
    const there = found.find(
      (engine) => engine.origin === 'installed' && !this.#removing.has(engine.id) && isWhatIsWished(engine, wish),
    );
    return there ?? this.#begin(wish);
  }

  async remove(id: string): Promise<void> {
    const job = this.#jobs.get(id);
    if (job !== undefined) return this.#drop(job);
    const manifest = (await readManifests(this.#parts.folder)).find((each) => each.id === id);
    if (manifest === undefined) {
      const other = this.peek(id);
      if (other === undefined) throw notThere(id);
      throw new RequestError('conflict', `${other.command.join(' ')} was installed by somebody else, and is theirs.`);
    }
    const engine = toEngine(manifest, this.#parts.workerId);
    const users = this.#parts.usersOf(engine);
    if (users.length > 0)
      throw new RequestError('conflict', `It runs ${users.join(', ')}: stop that first, or give it another engine.`);
    const done = this.#takeAway(manifest);
    this.#removing.set(id, { name: manifest.name, done });
    this.#parts.changed(id, 'updated');
    try {
      await done;
    } finally {
      await this.#lookAgain().finally(() => this.#removing.delete(id));
    }
  }

  async #takeAway({ id, folder }: EngineManifest): Promise<void> {
    // The note first: whatever happens to the rest, it counts no more.
    await rm(join(folder, 'manifest.json'), { force: true });
    await rm(folder, { recursive: true, force: true });
    await rm(this.#logPath(id), { force: true });
  }

  async *log(id: string, { lines, follow, signal }: EngineLogQuery): AsyncGenerator<string> {
    const job = this.#jobs.get(id);
    const path = this.#logPath(id);
    if (job === undefined && this.peek(id) === undefined) throw notThere(id);
    if (follow) yield* followLog({ path, lines, isOver: () => job?.log.isOpen !== true, signal });
    else yield readLastLines(path, lines).toString('utf8');
  }

  /** Ends what is being installed; nothing half done is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const job of this.#running.keys()) job.cancel();
    await Promise.allSettled(this.#running.values());
    await this.#looking?.catch(() => {});
  }

  #begin(wish: EngineWish): InstalledEngine {
    const { folder: enginesFolder, environment, mark, newId, clock, workerId, changed } = this.#parts;
    this.#forgetFailures(wish);
    const id = newId();
    const engine: InstalledEngine = {
      ...{ id, workerId, name: wish.name, version: wish.version ?? '', origin: 'installed', command: [] },
      ...{ state: 'installing', reason: 'about to begin', installedAt: clock.unixSeconds() },
      ...(wish.accelerator !== undefined && { accelerator: wish.accelerator }),
    };
    const logPath = this.#logPath(id);
    const tell = (): void => changed(id, 'updated');
    const job = new InstallJob(engine, wish, { enginesFolder, environment, mark, changed: tell, logPath });
    this.#jobs.set(id, job);
    // One after the other: they share what they install with.
    const earlier = [
      ...[...this.#running].flatMap(([other, done]) => (other.wish.name === wish.name ? [done] : [])),
      ...[...this.#removing.values()].flatMap(({ name, done }) => (name === wish.name ? [done] : [])),
    ];
    this.#running.set(job, this.#run(job, Promise.allSettled(earlier)));
    changed(id, 'created');
    return job.engine;
  }

  async #run(job: InstallJob, turn: Promise<unknown>): Promise<void> {
    const { installers, log } = this.#parts;
    const { id } = job.engine;
    let end = await job.run(installers[job.wish.name], turn);
    try {
      if (end === 'installed') await this.#keep(job);
    } catch (thrown) {
      log.error({ err: thrown, engine: id }, 'an installation could not be noted');
      end = 'cancelled';
    }
    job.log.close();
    this.#running.delete(job);
    log.info({ engine: id, name: job.wish.name, end, reason: job.engine.reason }, 'an installation ended');
    if (end !== 'failed') this.#jobs.delete(id);
    if (end === 'cancelled' || end === 'already') {
      await rm(job.log.path, { force: true });
      this.#parts.changed(id, 'deleted');
    }
    await this.#lookOrSay();
  }

  async #keep({ installed, engine, wish }: InstallJob): Promise<void> {
    if (installed === undefined) return;
    const at = this.#parts.clock.unixSeconds();
    await writeManifest({ ...installed, id: engine.id, name: wish.name, installedAt: at });
  }

  /** One that runs is cancelled, and is gone once it has ended. */
  async #drop(job: InstallJob): Promise<void> {
    const running = this.#running.get(job);
    if (running !== undefined) {
      job.cancel();
      return running;
    }
    this.#jobs.delete(job.engine.id);
    await rm(job.log.path, { force: true });
    this.#parts.changed(job.engine.id, 'deleted');
  }

  #forgetFailures(wish: EngineWish): void {
    const failed = [...this.#jobs.values()].filter((job) => job.engine.state === 'failed');
    const old = failed.slice(0, Math.max(0, failed.length - keptFailures));
    for (const job of new Set([...old, ...failed.filter((each) => keyOf(each.wish) === keyOf(wish))]))
      void this.#drop(job);
  }

  #all(found: readonly InstalledEngine[]): readonly InstalledEngine[] {
    const shown = found.map((engine) =>
      this.#removing.has(engine.id) ? { ...engine, state: 'removing' as const } : engine,
    );
    return [...shown, ...[...this.#jobs.values()].map(({ engine }) => engine)];
  }

  /** Once at a time for all who ask. */
  #look(): Promise<readonly InstalledEngine[]> {
    this.#looking ??= this.#lookAnew().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** After a change: who was looking already may not have seen it. */
  async #lookAgain(): Promise<void> {
    await this.#looking?.catch(() => {});
    await this.#look();
  }

  async #lookOrSay(): Promise<void> {
    try {
      await this.#lookAgain();
    } catch (thrown) {
      this.#parts.log.error({ err: thrown }, 'the installed engines could not be read');
    }
  }

  async #lookAnew(): Promise<readonly InstalledEngine[]> {
    const { folder, mark, workerId, programs } = this.#parts;
    const before = this.#found;
    this.#lookedAtMs = this.#parts.clock.nowMs();
    // What an earlier server was installing when it was killed.
    if (before === undefined && existsSync(folder)) {
      killMarked(mark);
      await removeHalves(folder);
    }
    const installed = (await readManifests(folder)).map((manifest) => toEngine(manifest, workerId));
    const others = await Promise.all(findPrograms(programs).map((program) => this.#ask(program)));
    const found = [...installed, ...others.map((other) => ({ ...other, workerId, installedAt: 0 }))];
    this.#found = found;
    this.#tellDifferences(before ?? [], found);
    if (before === undefined) this.#parts.looked();
    return found;
  }

  /** One that cannot be used may be mended without its file being touched: it is asked each time. */
  async #ask(program: FoundProgram): ReturnType<typeof askProgram> {
    const stamp = stampOf(program);
    const known = this.#asked.get(stamp);
    if (known !== undefined) return known;
    const learnt = await askProgram(program, this.#parts.programs);
    if (learnt.state === 'ready') this.#asked.set(stamp, learnt);
    return learnt;
  }

  #tellDifferences(before: readonly InstalledEngine[], now: readonly InstalledEngine[]): void {
    for (const engine of now) {
      const earlier = before.find(({ id }) => id === engine.id);
      if (JSON.stringify(earlier) !== JSON.stringify(engine))
        this.#parts.changed(engine.id, earlier === undefined && engine.origin !== 'installed' ? 'created' : 'updated');
    }
    for (const { id } of before) if (now.every((engine) => engine.id !== id)) this.#parts.changed(id, 'deleted');
  }

  #logPath(id: string): string {
    return join(this.#parts.folder, 'logs', `${id}.log`);
  }
}

function toEngine(manifest: EngineManifest, workerId: string): InstalledEngine {
  const { id, name, version, accelerator, command, notes, sizeBytes, installedAt } = manifest;
  return {
    ...{ id, workerId, name, version, origin: 'installed', command, state: 'ready', reason: notes.join(' ') },
    ...{ sizeBytes, installedAt },
    ...(accelerator !== undefined && { accelerator }),
  };
}

/** Two wishes with the same key are one installation. */
function keyOf({ name, version, accelerator }: EngineWish): string {
  return JSON.stringify([name, version, accelerator]);
}

/** Of the newest nobody knows yet which it is. */
function isWhatIsWished(engine: InstalledEngine, { name, version, accelerator }: EngineWish): boolean {
  const fits = accelerator === undefined || engine.accelerator === accelerator;
  return engine.name === name && version !== undefined && engine.version === version && fits;
}

function notThere(id: string): RequestError {
  return new RequestError('not_found', `There is no engine '${id}'.`, { param: 'id' });
}
