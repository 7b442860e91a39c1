/** Clients that change deployments, keys and files all the time, and know what the server has acknowledged. */

import { existsSync, statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Answer, Caller, DeploymentReply, KeyReply, ListReply } from './platform-caller.ts';
import { Refused } from './platform-caller.ts';
import type { Random } from './platform-random.ts';

/** One client: does one thing after the other, and tells after a new start whether the server remembers them. */
export interface Lane {
  /** Does one thing; rejects when the server is gone. */
  step(caller: Caller, random: Random): Promise<void>;
  /** Compares what is there with what was acknowledged: what is wrong, in words; then takes it as it is. */
  check(caller: Caller): Promise<readonly string[]>;
}

/** Request ids of all changes that were acknowledged since the last call. */
export class Receipts {
  #ids: string[] = [];

  /** Throws if the server refused. */
  take(method: string, path: string, answer: Answer): void {
    if (answer.status >= 300) throw new Refused(method, path, answer);
    this.#ids.push(answer.headers.get('x-request-id') ?? '');
  }

  drain(): readonly string[] {
    return this.#ids.splice(0);
  }
}

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

interface KnownKey {
  readonly name: string;
  readonly revision: number;
  readonly secret: string;
}

interface KeyChange {
  readonly id?: string;
  /** undefined = it is to be revoked. */
  readonly name?: string;
}

/** Makes keys, renames them, and revokes them. */
export class KeyLane implements Lane {
  readonly #receipts: Receipts;
  readonly #known = new Map<string, KnownKey>();
  readonly #revoked: string[] = [];
  #pending: KeyChange | undefined;
  #serial = 0;

  constructor(receipts: Receipts) {
    this.#receipts = receipts;
  }

  async step(caller: Caller, random: Random): Promise<void> {
    const id = random.pick([...this.#known.keys()]);
    const dice = random.below(3);
    if (id === undefined || (dice === 0 && this.#known.size < 6)) await this.#make(caller);
    else if (dice === 1) await this.#rename(caller, id);
    else await this.#revoke(caller, id);
    this.#pending = undefined;
  }

  async check(caller: Caller): Promise<readonly string[]> {
    const { items } = await caller.api<ListReply<KeyReply>>('GET', '/keys?perPage=200&search=churn');
    const found = new Map(items.map((key) => [key.id, key]));
    const lost = [...this.#known].flatMap(([id, known]) => this.#lost(id, known, found.get(id)));
    const strange = items.filter(({ id, name }) => !this.#known.has(id) && name !== this.#pending?.name);
    const wrong = [...lost, ...strange.map(({ name }) => `the key '${name}' came back`)];
    for (const [id, known] of this.#known) {
      const now = found.get(id);
      if (now === undefined) this.#known.delete(id);
      else this.#known.set(id, { ...known, name: now.name, revision: now.revision });
    }
    this.#pending = undefined;
    return [...wrong, ...(await this.#try(caller))];
  }

  #lost(id: string, known: KnownKey, found: KeyReply | undefined): string[] {
    const isPending = this.#pending?.id === id;
    if (found === undefined)
      return isPending && this.#pending?.name === undefined ? [] : [`the key '${known.name}' is lost`];
    if (found.name === known.name && found.revision === known.revision) return [];
    const isRenamed = isPending && found.name === this.#pending?.name && found.revision === known.revision + 1;
    return isRenamed ? [] : [`the key '${known.name}' at ${known.revision} is '${found.name}' at ${found.revision}`];
  }

  /** A key that is there opens, one that was revoked does not. */
  async #try({ url }: Caller): Promise<string[]> {
    const status = async (secret: string): Promise<number> =>
      (await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } })).status;
    const live = [...this.#known.values()].at(-1);
    const dead = this.#revoked.at(-1);
    const wrong = [];
    if (live !== undefined && (await status(live.secret)) !== 200) wrong.push(`the key '${live.name}' does not open`);
    if (dead !== undefined && (await status(dead)) !== 401) wrong.push('a revoked key opens');
    return wrong;
  }

  async #make(caller: Caller): Promise<void> {
    const name = `churn ${++this.#serial}`;
    this.#pending = { name };
    const answer = await caller.send('POST', '/api/v1/keys', { name });
    this.#receipts.take('POST', '/keys', answer);
    const { key, secret }: { key: KeyReply; secret: string } = JSON.parse(answer.text);
    this.#known.set(key.id, { name, revision: key.revision, secret });
  }

  async #rename(caller: Caller, id: string): Promise<void> {
    const name = `churn ${++this.#serial}`;
    this.#pending = { id, name };
    const answer = await caller.send('PATCH', `/api/v1/keys/${id}`, { name });
    this.#receipts.take('PATCH', '/keys', answer);
    const known = this.#known.get(id);
    const { revision }: KeyReply = JSON.parse(answer.text);
    if (known !== undefined) this.#known.set(id, { ...known, name, revision });
  }

  async #revoke(caller: Caller, id: string): Promise<void> {
    this.#pending = { id };
    this.#receipts.take('DELETE', '/keys', await caller.send('DELETE', `/api/v1/keys/${id}`));
    const known = this.#known.get(id);
    this.#known.delete(id);
    if (known !== undefined) this.#revoked.push(known.secret);
  }
}

interface FileReply {
  readonly id: string;
  readonly name: string;
  readonly origin: string;
  readonly files: readonly string[];
  readonly sizeBytes: number;
}

interface DownloadReply {
  readonly id: string;
  readonly state: string;
}

/** Fetches models from a hub and deletes them again. */
export class FileLane implements Lane {
  readonly #repositories: readonly string[];
  readonly #receipts: Receipts;
  /** Seen to have arrived whole. */
  readonly #here = new Set<string>();
  #leaving: string | undefined;

  constructor(repositories: readonly string[], receipts: Receipts) {
    this.#repositories = repositories;
    this.#receipts = receipts;
  }

  async step(caller: Caller, random: Random): Promise<void> {
    const repository = random.pick(this.#repositories) ?? '';
    if (this.#here.has(repository)) await this.#remove(caller, repository);
    else await this.#fetch(caller, repository);
  }

  async check(caller: Caller): Promise<readonly string[]> {
    const files = await ownFiles(caller);
    const names = new Set(files.map(({ name }) => name));
    const lost = [...this.#here].filter((name) => !names.has(name) && name !== this.#leaving);
    const halves = files.filter((file) => file.name !== this.#leaving && !isWhole(file));
    this.#here.clear();
    for (const file of files.filter(isWhole)) this.#here.add(file.name);
    this.#leaving = undefined;
    return [...lost.map((name) => `${name} is lost`), ...halves.map(({ name }) => `${name} is half there`)];
  }

  async #fetch(caller: Caller, repository: string): Promise<void> {
    const source = { kind: 'hub', hub: 'huggingface', repository };
    const answer = await caller.send('POST', '/api/v1/downloads', { source });
    this.#receipts.take('POST', '/downloads', answer);
    const { id }: DownloadReply = JSON.parse(answer.text);
    for (;;) {
      const { items } = await caller.api<ListReply<DownloadReply>>('GET', '/downloads?perPage=200');
      const state = items.find((item) => item.id === id)?.state;
      if (state === 'done') break;
      if (state !== 'waiting' && state !== 'running') throw new Error(`the download of ${repository} is ${state}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    this.#here.add(repository);
  }

  async #remove(caller: Caller, repository: string): Promise<void> {
    const file = (await ownFiles(caller)).find(({ name }) => name === repository);
    this.#leaving = repository;
    const path = `/api/v1/model-files/${file?.id}`;
    this.#receipts.take('DELETE', path, await caller.send('DELETE', path));
    this.#here.delete(repository);
    this.#leaving = undefined;
  }
}

async function ownFiles(caller: Caller): Promise<readonly FileReply[]> {
  const { items } = await caller.api<ListReply<FileReply>>('GET', '/model-files?perPage=200');
  return items.filter(({ origin }) => origin === 'own');
}

function isWhole({ files, sizeBytes }: FileReply): boolean {
  if (!files.every((path) => existsSync(path))) return false;
  return files.reduce((sum, path) => sum + statSync(path).size, 0) === sizeBytes;
}

/** Asks models for answers; the one that nobody changes must always give one. */
export class AskingLane implements Lane {
  readonly #names: readonly string[];
  readonly #steady: string;

  constructor(steady: string, names: readonly string[]) {
    this.#steady = steady;
    this.#names = names;
  }

  async step(caller: Caller, random: Random): Promise<void> {
    const name = random.below(3) > 0 ? this.#steady : (random.pick(this.#names) ?? '');
    const { status, text } = await caller.chat(name);
    // Others may be stopped, on their way, cut off while they are deleted, or gone.
    const allowed = name === this.#steady ? [200] : [200, 404, 502, 503];
    if (!allowed.includes(status)) throw new Error(`asking ${name}: ${status} ${text}`);
  }

  async check(caller: Caller): Promise<readonly string[]> {
    const { status, text } = await caller.chat(this.#steady);
    return status === 200 ? [] : [`${this.#steady} answered with ${status} ${text}`];
  }
}
