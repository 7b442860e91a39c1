/** A client that keeps changing one deployment. */

import { isDeepStrictEqual } from 'node:util';
import type { Caller, DeploymentReply } from './platform-caller.ts';
import type { Lane, Receipts } from './platform-churn.ts';
import type { Random } from './platform-random.ts';

interface Wanted {
  readonly replicas: number;
  readonly parallel: number;
  readonly description: string | undefined;
  readonly isStopped: boolean;
  readonly revision: number;
}

interface Change {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly after: Wanted | undefined;
}

/** Keeps changing one deployment, which comes and goes. */
export class DeploymentLane implements Lane {
  readonly #name: string;
  readonly #source: object;
  readonly #receipts: Receipts;
  #known: Wanted | undefined;
  /** What it becomes if the server took the change that nobody heard the end of. */
  #pending: Change | undefined;
  #serial = 0;

  constructor(name: string, wish: object, receipts: Receipts) {
    this.#name = name;
    this.#source = wish;
    this.#receipts = receipts;
  }

  async step(caller: Caller, random: Random): Promise<void> {
    const change = this.#choose(random);
    this.#pending = change;
    const answer = await caller.send(change.method, `/api/v1/deployments${change.path}`, change.body);
    this.#receipts.take(change.method, change.path, answer);
    if (change.after !== undefined) {
      const wrong = differs(change.after, JSON.parse(answer.text));
      if (wrong !== undefined) throw new Error(`${change.method} ${this.#name}${change.path}: ${wrong}`);
    }
    this.#known = change.after;
    this.#pending = undefined;
  }

  async check(caller: Caller): Promise<readonly string[]> {
    const found = (await caller.deployments()).find(({ name }) => name === this.#name);
    const possible = [this.#known, ...(this.#pending === undefined ? [] : [this.#pending.after])];
    const wrongs = possible.map((wanted) => differs(wanted, found));
    this.#known = found && wantedOf(found);
    this.#pending = undefined;
    return wrongs.includes(undefined) ? [] : [`${this.#name}: ${wrongs.join(', or ')}`];
  }

  #choose(random: Random): Change {
    const own = `/${this.#name}`;
    const known = this.#known;
    if (known === undefined) {
      const fresh = { replicas: random.below(3), parallel: 1, description: this.#text() };
      const body = { name: this.#name, ...this.#source, ...fresh };
      return { method: 'POST', path: '', body, after: { ...fresh, isStopped: false, revision: 1 } };
    }
    const next = { ...known, revision: known.revision + 1 };
    const dice = random.below(20);
    if (dice < 2) return { method: 'DELETE', path: own, after: undefined };
    if (dice < 5) {
      const word = known.isStopped ? 'start' : 'stop';
      return { method: 'POST', path: `${own}/${word}`, after: { ...next, isStopped: !known.isStopped } };
    }
    if (dice < 9) {
      const replicas = (known.replicas + 1 + random.below(2)) % 3;
      return { method: 'POST', path: `${own}/scale`, body: { replicas }, after: { ...next, replicas } };
    }
    const edit = dice < 12 ? { parallel: 3 - known.parallel } : { description: this.#text() };
    return { method: 'PATCH', path: own, body: edit, after: { ...next, ...edit } };
  }

  #text(): string {
    return `change ${++this.#serial}`;
  }
}

function wantedOf({ spec, isStopped, revision }: DeploymentReply): Wanted {
  const { replicas, parallel, description } = spec;
  return { replicas, parallel, description: String(description), isStopped, revision };
}

function differs(wanted: Wanted | undefined, found: DeploymentReply | undefined): string | undefined {
  const there = found && wantedOf(found);
  return isDeepStrictEqual(wanted, there)
    ? undefined
    : `expected ${JSON.stringify(wanted)}, there is ${JSON.stringify(there)}`;
}
