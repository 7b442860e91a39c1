/** Builds a call's JSON text from values that come one by one with their paths. */

import type { EventSink } from '../event-sink.ts';

/** Opens objects when their first member comes and closes them when another's does. */
export class NanoArguments {
  readonly #sink: EventSink;
  /** Names of the objects that are open, the root's (none) left out. */
  #open: string[] = [];
  #isRootOpen = false;
  /** Are there members yet in each open object, the root first? */
  #hasMembers: boolean[] = [false];
  /** Paths that are taken: values, and objects open or closed. */
  readonly #taken = new Set<string>();

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  /** Writes everything before the value at this path; false if it can no longer stand there. */
  place(path: readonly string[]): boolean {
    const name = path.at(-1);
    if (name === undefined || this.#taken.has(keyOf(path)) || !this.#enter(path.slice(0, -1))) return false;
    this.#taken.add(keyOf(path));
    this.#member(name);
    return true;
  }

  /** Opens the objects of this path if they are not open yet; they must be there even without members. */
  ensure(path: readonly string[]): void {
    if (path.some((name, index) => this.#open[index] !== name)) this.#enter(path);
  }

  /** A value's own text. */
  write(json: string): void {
    this.#sink.json(json);
  }

  /** Closes everything; the arguments are whole. */
  finish(): void {
    this.#openRoot();
    this.#closeTo(0);
    this.#sink.json('}');
  }

  /** Opens the objects of this path, and closes all others; false if one of them was closed, or is no object. */
  #enter(path: readonly string[]): boolean {
    let shared = 0;
    while (shared < path.length && this.#open[shared] === path[shared]) shared++;
    if (shared < path.length && this.#taken.has(keyOf(path.slice(0, shared + 1)))) return false;
    this.#openRoot();
    this.#closeTo(shared);
    for (const name of path.slice(shared)) {
      this.#member(name);
      this.#open.push(name);
      this.#taken.add(keyOf(this.#open));
      this.#hasMembers.push(false);
      this.#sink.json('{');
    }
    return true;
  }

  #openRoot(): void {
    if (!this.#isRootOpen) this.#sink.json('{');
    this.#isRootOpen = true;
  }

  #member(name: string): void {
    const isNext = this.#hasMembers.at(-1) ?? false;
    this.#hasMembers[this.#hasMembers.length - 1] = true;
    this.#sink.json(`${isNext ? ', ' : ''}${JSON.stringify(name)}: `);
  }

  #closeTo(depth: number): void {
    this.#sink.json('}'.repeat(Math.max(0, this.#open.length - depth)));
    this.#open = this.#open.slice(0, depth);
    this.#hasMembers = this.#hasMembers.slice(0, depth + 1);
  }
}

function keyOf(path: readonly string[]): string {
  return JSON.stringify(path);
}
