/** A client that keeps making, renaming and revoking keys. */

import type { Caller, KeyReply, ListReply } from './platform-caller.ts';
import type { Lane, Receipts } from './platform-churn.ts';
import type { Random } from './platform-random.ts';

interface KnownKey {
  readonly name: string;
  readonly revision: number;
  /** Absent = the answer that held it was never heard. */
  readonly secret?: string;
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
    const secrets = new Map([...this.#known].map(([id, { secret }]) => [id, secret]));
    this.#known.clear();
    for (const { id, name, revision } of items) {
      const secret = secrets.get(id);
      this.#known.set(id, { name, revision, ...(secret !== undefined && { secret }) });
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
    const live = [...this.#known.values()].find(({ secret }) => secret !== undefined);
    const dead = this.#revoked.at(-1);
    const wrong = [];
    if (live?.secret !== undefined && (await status(live.secret)) !== 200)
      wrong.push(`the key '${live.name}' does not open`);
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
    if (known?.secret !== undefined) this.#revoked.push(known.secret);
  }
}
