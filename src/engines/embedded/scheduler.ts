/** Decides what is decoded next: one loop over all answers, a batch a step, slots that remember prefixes. */

import { type AppError, Bug, EngineError, toAppError, UnavailableError } from '../../base/errors.ts';
import type { Decoder, Run } from './decoder.ts';

/** One answer as the scheduler sees it. */
export interface Job {
  readonly prompt: Int32Array;
  /** A slot is there and holds the prompt's first `cached` tokens; false = the answer has already ended. */
  begin(cached: number): boolean;
  /** The token to go on with, or undefined when the answer has ended. `isLast` = the context is full. */
  next(logits: Float32Array, isLast: boolean): number | undefined;
  /** Nothing more will come. */
  fail(error: AppError): void;
}

/** What waits and what runs. */
export interface SchedulerStats {
  readonly slots: number;
  readonly busySlots: number;
  readonly queued: number;
  readonly contextPerSlot: number;
  readonly decodedTokens: number;
}

/** A sequence in the model's memory: the tokens it holds, and who uses it. */
interface Slot {
  readonly index: number;
  held: number[];
  work: Work | undefined;
  /** Step of last use: the slot unused longest is given away first. */
  usedAt: number;
}

/** A job in a slot and the tokens it still has to feed. */
interface Work {
  readonly job: Job;
  /** Counts the jobs that got a slot: the smallest waits longest. */
  readonly turn: number;
  pending: readonly number[];
}

/** While others write their answers, the prompts together get this much of each step. */
const prefillBesideDecoding = 128;

/** The loop sleeps when there is nothing to do. */
export class Scheduler {
  readonly #decoder: Decoder;
  readonly #onStep: () => void;
  readonly #slots: readonly Slot[];
  #queue: Job[] = [];
  #steps = 0;
  #turns = 0;
  #decoded = 0;
  #running: Promise<void> | undefined;
  #closed = false;

  /** `onStep` is called after each step, when its pieces have been handed out. */
  constructor(decoder: Decoder, onStep: () => void) {
    this.#decoder = decoder;
    this.#onStep = onStep;
    this.#slots = Array.from({ length: decoder.slots }, (_, index) => ({
      ...{ index, held: [], work: undefined, usedAt: 0 },
    }));
  }

  submit(job: Job): void {
    if (this.#closed) job.fail(stopping());
    else this.#queue.push(job);
    this.#running ??= this.#run();
  }

  /** Forgets a job; its slot is free for the next step. */
  cancel(job: Job): void {
    this.#queue = this.#queue.filter((queued) => queued !== job);
    for (const slot of this.#slots) if (slot.work?.job === job) slot.work = undefined;
  }

  stats(): SchedulerStats {
    return {
      slots: this.#slots.length,
      busySlots: this.#slots.filter((slot) => slot.work !== undefined).length,
      queued: this.#queue.length,
      contextPerSlot: this.#decoder.contextPerSlot,
      decodedTokens: this.#decoded,
    };
  }

  /** Fails everything and resolves when the step under way is over. */
  async close(): Promise<void> {
    this.#closed = true;
    const jobs = [...this.#queue, ...this.#slots.flatMap((slot) => slot.work?.job ?? [])];
    for (const job of jobs) {
      this.cancel(job);
      job.fail(stopping());
    }
    await this.#running;
  }

  async #run(): Promise<void> {
    // Jobs that arrive together belong in one batch.
    await Promise.resolve();
    for (;;) {
      this.#admit();
      const batch = this.#plan();
      // Before the last hand-out, so that a job that arrives then starts the loop anew.
      if (batch.length === 0) this.#running = undefined;
      else await this.#step(batch);
      this.#onStep();
      if (batch.length === 0) return;
    }
  }

  /** Gives free slots to those who wait longest. */
  #admit(): void {
    while (this.#queue.length > 0) {
      const free = this.#slots.filter((slot) => slot.work === undefined);
      if (free.length === 0) return;
      const job = this.#queue.shift();
      if (job !== undefined) this.#start(job, free);
    }
  }

  #start(job: Job, free: readonly Slot[]): void {
    try {
      checkLength(job.prompt, this.#decoder.contextPerSlot);
      const slot = chooseSlot(free, job.prompt);
      const common = commonPrefix(slot.held, job.prompt);
      const kept = common === slot.held.length ? common : this.#decoder.keep(slot.index, common);
      slot.held.length = kept;
      if (job.begin(kept)) slot.work = { job, turn: this.#turns++, pending: [...job.prompt.subarray(kept)] };
    } catch (thrown) {
      job.fail(toAppError(thrown));
    }
  }

  /** One token of each answer that is being written, and as much of the prompts as there is room for. */
  #plan(): readonly PlannedRun[] {
    const busy = this.#slots.flatMap((slot) => (slot.work === undefined ? [] : [{ slot, work: slot.work }]));
    const writing = busy.filter(({ work }) => work.pending.length === 1);
    const reading = busy.filter(({ work }) => work.pending.length > 1).sort((a, b) => a.work.turn - b.work.turn);
    const room = this.#decoder.batchSize - writing.length;
    const shares = shareOut(
      reading.map(({ work }) => work.pending.length),
      writing.length === 0 ? room : Math.min(room, prefillBesideDecoding),
    );
    const planned = [
      ...writing.map((entry) => ({ ...entry, count: 1 })),
      ...reading.map((entry, index) => ({ ...entry, count: shares[index] ?? 0 })),
    ];
    return planned.filter(({ count }) => count > 0);
  }

  async #step(batch: readonly PlannedRun[]): Promise<void> {
    this.#steps++;
    const runs = batch.map((planned) => this.#feed(planned));
    try {
      await this.#decoder.decode(runs);
    } catch (thrown) {
      return this.#fail(batch, toAppError(thrown));
    }
    this.#decoded += runs.reduce((sum, run) => sum + run.tokens.length, 0);
    for (const { slot, work } of batch) if (slot.work === work && work.pending.length === 0) this.#advance(slot, work);
  }

  #feed({ slot, work, count }: PlannedRun): Run {
    const tokens = work.pending.slice(0, count);
    const run = { slot: slot.index, position: slot.held.length, tokens, output: count === work.pending.length };
    work.pending = work.pending.slice(count);
    slot.held.push(...tokens);
    slot.usedAt = this.#steps;
    return run;
  }

  #advance(slot: Slot, work: Work): void {
    const isLast = slot.held.length >= this.#decoder.contextPerSlot;
    const token = this.#draw(slot, work, isLast);
    if (token === undefined || isLast) slot.work = undefined;
    else work.pending = [token];
  }

  #draw(slot: Slot, { job }: Work, isLast: boolean): number | undefined {
    try {
      return job.next(this.#decoder.logits(slot.index), isLast);
    } catch (thrown) {
      job.fail(toAppError(thrown));
      return undefined;
    }
  }

  /** After a failed batch nobody knows what its slots hold. */
  #fail(batch: readonly PlannedRun[], error: AppError): void {
    for (const { slot, work } of batch) {
      this.#decoder.keep(slot.index, 0);
      slot.held = [];
      if (slot.work !== work) continue;
      slot.work = undefined;
      work.job.fail(error);
    }
  }
}

interface PlannedRun {
  readonly slot: Slot;
  readonly work: Work;
  readonly count: number;
}

function stopping(): UnavailableError {
  return new UnavailableError('shutting_down', 'The engine is stopping.');
}

/** The server has already told the client; this is the engine's own safety. */
function checkLength(prompt: Int32Array, context: number): void {
  if (prompt.length > 0 && prompt.length <= context) return;
  throw new EngineError('engine_protocol', `A prompt of ${prompt.length} tokens does not fit a context of ${context}.`);
}

/** The slot that knows most of the prompt; of equals the one unused longest. */
function chooseSlot(free: readonly Slot[], prompt: Int32Array): Slot {
  const known = free.map((slot) => ({ slot, common: commonPrefix(slot.held, prompt) }));
  const [best] = known.sort((a, b) => b.common - a.common || a.slot.usedAt - b.slot.usedAt);
  if (best === undefined) throw new Bug('No slot is free.');
  return best.slot;
}

/** How many tokens both begin with; the prompt's last token is never counted, for its logits are needed. */
function commonPrefix(held: readonly number[], prompt: Int32Array): number {
  const most = Math.min(held.length, prompt.length - 1);
  let count = 0;
  while (count < most && held[count] === prompt[count]) count++;
  return count;
}

/**
 * Divides `room` among wishes, the oldest first: half is for the oldest, the rest for the smallest, one after the
 * other. Many prompts side by side would all come last, and a step that reads them all costs far more than one that
 * reads two.
 */
export function shareOut(wishes: readonly number[], room: number): readonly number[] {
  const shares = wishes.map(() => 0);
  let left = room;
  const give = (index: number, most: number): void => {
    const share = Math.min((wishes[index] ?? 0) - (shares[index] ?? 0), most, left);
    shares[index] = (shares[index] ?? 0) + share;
    left -= share;
  };
  if (wishes.length > 0) give(0, Math.ceil(room / 2));
  const smallestFirst = wishes.map((wish, index) => ({ wish, index })).sort((a, b) => a.wish - b.wish);
  for (const { index } of smallestFirst) give(index, left);
  return shares;
}
