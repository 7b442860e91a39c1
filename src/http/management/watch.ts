/** `?watch=true`: a list as a snapshot and then its changes, as server-sent events that can be resumed. */

import type { Caller } from '../../fleet/caller.ts';
import { type Action, isAllowed } from '../../fleet/permissions.ts';
import type { UserId } from '../../fleet/user.ts';
import type { StreamReply } from '../stream-reply.ts';

/** Something became different; what it is now is looked up when it is told. */
export interface Change {
  readonly type: 'created' | 'updated' | 'deleted';
  readonly id: string;
  /** Whose it was; needed where only they may know that it is gone. */
  readonly owner?: UserId;
}

/** So many changes can be caught up with after a break; beyond that a watcher gets a new snapshot. */
const ringSize = 1_000;

interface Numbered {
  readonly number: number;
  readonly change: Change;
}

/** The changes of one kind of things, numbered; the numbers begin anew with each server. */
export class Feed {
  /** Tells this server's numbers from an earlier one's. */
  readonly #epoch: string;
  readonly #listeners = new Set<(entry: Numbered) => void>();
  #ring: Numbered[] = [];
  #last = 0;

  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  publish(change: Change): void {
    const entry = { number: ++this.#last, change };
    this.#ring.push(entry);
    if (this.#ring.length > 2 * ringSize) this.#ring = this.#ring.slice(-ringSize);
    for (const listener of this.#listeners) listener(entry);
  }

  /** Calls `listener` with every change from now on, until the returned function is called. */
  listen(listener: (entry: Numbered) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How a watcher names a place in the feed. */
  eventId(number = this.#last): string {
    return `${this.#epoch}-${number}`;
  }

  /** What came after an event; undefined = that cannot be told any more. */
  since(eventId: string): readonly Numbered[] | undefined {
    const [epoch, digits = ''] = eventId.split('-', 2);
    if (epoch !== this.#epoch || !/^\d{1,15}$/.test(digits)) return undefined;
    const number = Number(digits);
    const oldest = this.#ring[0]?.number ?? this.#last + 1;
    if (number > this.#last || number < oldest - 1) return undefined;
    return this.#ring.filter((entry) => entry.number > number);
  }
}

/** Asks what a watcher may see at this moment. */
export type May = (action: Action, owner?: UserId) => boolean;

/** What a watcher is shown. */
export interface Subscription {
  readonly feed: Feed;
  /** Who may not do this any more is let go. */
  readonly action: Action;
  snapshot(may: May): Promise<readonly unknown[]>;
  /** undefined = it is gone, or not theirs to see. */
  item(id: string, may: May): Promise<unknown>;
  /** May they know that this one's thing is gone? Absent = all may. */
  knew?(owner: UserId | undefined, may: May): boolean;
}

/** One watcher's connection. */
export interface Watcher {
  readonly stream: StreamReply;
  /** Aborts when they leave or the server stops. */
  readonly signal: AbortSignal;
  /** Throws when they are signed out, or their key is revoked. */
  callerNow(): Promise<Caller>;
  /** From `Last-Event-ID`. */
  readonly lastEventId: string | undefined;
}

/** A sign-out or a revoked key ends a stream after this time at the latest. */
const recheckMs = 30_000;
/** A watcher so far behind is let go: it may resume, and gets a snapshot. */
const maxPending = 10_000;

/** Sends until either side has enough. */
export async function streamChanges(subscription: Subscription, watcher: Watcher): Promise<void> {
  const pending = new Backlog(subscription.feed);
  const onAbort = (): void => pending.close();
  watcher.signal.addEventListener('abort', onAbort, { once: true });
  const timer = setInterval(() => pending.askForCheck(), recheckMs);
  try {
    await tellChanges(subscription, watcher, pending);
  } finally {
    clearInterval(timer);
    watcher.signal.removeEventListener('abort', onAbort);
    pending.close();
    if (watcher.stream.isOpen) await watcher.stream.end('');
  }
}

async function tellChanges(subscription: Subscription, watcher: Watcher, pending: Backlog): Promise<void> {
  let may = mayOf(await watcher.callerNow());
  const { stream, lastEventId } = watcher;
  const { feed } = subscription;
  const missed = lastEventId === undefined ? undefined : feed.since(lastEventId);
  if (missed !== undefined) for (const entry of missed) pending.add(entry);
  const begin = missed === undefined ? await snapshotOf(subscription, may) : '';
  stream.open();
  if (begin !== '') await stream.write(begin);
  while (await pending.wait()) {
    if (pending.takeCheck()) {
      const caller = await callerOrNobody(watcher);
      if (caller === undefined || !isAllowed(subscription.action, caller)) return;
      may = mayOf(caller);
    }
    const entry = pending.take();
    const text = entry === undefined ? '' : await frameOf(subscription, entry, may);
    if (text !== '') await stream.write(text);
  }
}

/** Its id is the feed's place before the look: what changes meanwhile is told again. */
async function snapshotOf(subscription: Subscription, may: May): Promise<string> {
  const id = subscription.feed.eventId();
  const items = await subscription.snapshot(may);
  return frame('snapshot', id, { items });
}

async function frameOf(subscription: Subscription, { number, change }: Numbered, may: May): Promise<string> {
  const id = subscription.feed.eventId(number);
  if (change.type === 'deleted') {
    const mayKnow = subscription.knew?.(change.owner, may) ?? true;
    return mayKnow ? frame('deleted', id, { id: change.id }) : '';
  }
  const found = await subscription.item(change.id, may);
  return found === undefined ? '' : frame(change.type, id, found);
}

function mayOf(caller: Caller): May {
  return (action, owner) => isAllowed(action, caller, owner);
}

function frame(event: string, id: string, data: unknown): string {
  return `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}

async function callerOrNobody(watcher: Watcher): Promise<Caller | undefined> {
  try {
    return await watcher.callerNow();
  } catch {
    // Whatever the reason: a connection nobody vouches for ends, and its client asks again.
    return undefined;
  }
}

/** What a watcher has not been told yet: the last change of each thing, in order. */
class Backlog {
  readonly #entries = new Map<string, Numbered>();
  readonly #stop: () => void;
  #isClosed = false;
  #mustCheck = false;
  #wake: (() => void) | undefined;

  constructor(feed: Feed) {
    this.#stop = feed.listen((entry) => this.add(entry));
  }

  add(entry: Numbered): void {
    const { change, number } = entry;
    const earlier = this.#entries.get(change.id)?.change;
    // A watcher who has not heard of a thing must hear of its creation, not of an update.
    const isNew = earlier?.type === 'created' && change.type === 'updated';
    this.#entries.delete(change.id);
    this.#entries.set(change.id, isNew ? { number, change: { ...change, type: 'created' } } : entry);
    if (this.#entries.size > maxPending) this.close();
    this.#wake?.();
  }

  askForCheck(): void {
    this.#mustCheck = true;
    this.#wake?.();
  }

  takeCheck(): boolean {
    const mustCheck = this.#mustCheck;
    this.#mustCheck = false;
    return mustCheck;
  }

  /** One by one: between two a right may be lost. */
  take(): Numbered | undefined {
    const [entry] = this.#entries.values();
    if (entry !== undefined) this.#entries.delete(entry.change.id);
    return entry;
  }

  /** Resolves with false at the end. */
  async wait(): Promise<boolean> {
    if (!this.#isClosed && this.#entries.size === 0 && !this.#mustCheck)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#wake = undefined;
    return !this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
    this.#wake?.();
  }
}
