/** A client that keeps fetching models and deleting them. */

import { existsSync, statSync } from 'node:fs';
import type { Caller, ListReply } from './platform-caller.ts';
import type { Lane, Receipts } from './platform-churn.ts';
import type { Random } from './platform-random.ts';

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
    // A kill between a file's end and its note leaves it on the disk under a name of its own, until somebody fetches it again.
    for (const { name } of files.filter(isWhole)) if (this.#repositories.includes(name)) this.#here.add(name);
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
