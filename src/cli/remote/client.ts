/** Speaks to a server's management API over HTTP. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, isAppError } from '../../base/errors.ts';
import { causeCodeOf, explainFailure, refusalOf, Unreachable } from './failure.ts';
import { Item } from './item.ts';
import { readEvents } from './read-events.ts';

/** A server, and the key that opens it. */
export interface Target {
  /** Without `/v1` and a slash at the end. */
  readonly url: string;
  readonly key?: string;
  /** The variable that named it, for messages. */
  readonly keyFrom?: string;
}

/** What stands after the `?`; what is undefined is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** One request below `/api/v1`; the path's parts are escaped. */
export interface Question {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: readonly string[];
  readonly query?: Query;
  /** Sent as JSON; a string as YAML. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For what takes long: probes, searches. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A change that is watched; a snapshot's item holds all `items`. */
export interface Change {
  readonly type: string;
  readonly item: Item;
}

/** All pages of a list. */
export interface WholeList {
  readonly items: readonly Item[];
  /** For `--json`. */
  readonly body: { readonly items: readonly unknown[]; readonly total: number };
}

const usualTimeoutMs = 60_000;
const perPage = 200;
/** A watch that broke off is resumed so often without hearing anything, a second apart. */
const mostRetries = 30;

/** One server. */
export class Client {
  readonly target: Target;

  constructor(target: Target) {
    this.target = target;
  }

  async get(path: readonly string[], query: Query = {}): Promise<Item> {
    return this.ask({ path, query });
  }

  /** Asks and reads the answer's JSON. */
  async ask(question: Question): Promise<Item> {
    const response = await this.send(question);
    if (response.status === 204) return new Item(undefined);
    const body: unknown = await this.#read(() => response.json());
    return new Item(body);
  }

  /** Asks and reads the answer as it is. */
  async text(question: Question): Promise<string> {
    const response = await this.send(question);
    return this.#read(() => response.text());
  }

  /** Every page of a list, up to `most` items. */
  async list(path: readonly string[], query: Query = {}, most = Infinity): Promise<WholeList> {
    const items: Item[] = [];
    let total = 0;
    for (let page = 1; ; page++) {
      const answer = await this.get(path, { ...query, page, perPage: Math.min(perPage, most) });
      items.push(...answer.items('items'));
      total = answer.number('total') ?? items.length;
      if (answer.items('items').length === 0 || items.length >= Math.min(total, most)) break;
    }
    return { items, body: { items: items.map(({ value }) => value), total } };
  }

  /** The text of a log, piece by piece; one that is followed may be quiet for as long as it likes. */
  async *stream(question: Question): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    for (let { query = {} } = question; ; query = { ...query, lines: 0 }) {
      const response = await this.send({ timeoutMs: 0, ...question, query });
      try {
        for await (const chunk of response.body ?? []) yield decoder.decode(chunk, { stream: true });
        return;
      } catch (cause) {
        if (question.signal?.aborted) return;
        if (query['follow'] !== true || causeCodeOf(cause) !== 'UND_ERR_BODY_TIMEOUT')
          throw explainFailure(this.target.url, cause);
      }
    }
  }

  /** A snapshot, then changes, until the signal; a connection that breaks is resumed where it broke. */
  async *watch(path: readonly string[], signal: AbortSignal, query: Query = {}): AsyncGenerator<Change> {
    let lastEventId = '';
    let retries = 0;
    while (!signal.aborted) {
      const headers = { accept: 'text/event-stream', ...(lastEventId !== '' && { 'last-event-id': lastEventId }) };
      try {
        const response = await this.send({ path, query: { ...query, watch: true }, headers, signal, timeoutMs: 0 });
        for await (const { event, id, data } of readEvents(response.body ?? noBytes())) {
          if (id !== '') lastEventId = id;
          retries = 0;
          yield { type: event, item: new Item(JSON.parse(data)) };
        }
      } catch (thrown) {
        if (signal.aborted) return;
        const error = isAppError(thrown) ? thrown : explainFailure(this.target.url, thrown);
        if (lastEventId === '' || retries >= mostRetries || error.kind !== 'unavailable') throw error;
      }
      retries++;
      // The wait ends early with the signal; that is no failure.
      await sleep(1_000, undefined, { signal }).catch(() => {});
    }
  }

  /** Sends a question; throws what the server refuses. */
  async send({ method = 'GET', body, ...question }: Question): Promise<Response> {
    const { url, key } = this.target;
    const headers: Record<string, string> = { accept: 'application/json', ...question.headers };
    if (key !== undefined && headers['cookie'] === undefined) headers['authorization'] = `Bearer ${key}`;
    if (body !== undefined)
      headers['content-type'] = typeof body === 'string' ? 'application/yaml' : 'application/json';
    const response = await fetch(addressOf(url, question), {
      method,
      headers,
      // A redirect elsewhere must not see the key.
      redirect: 'error',
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...signalOf(question),
    }).catch((cause: unknown) => {
      if (question.signal?.aborted) throw cause;
      throw explainFailure(url, cause);
    });
    if (!response.ok) throw await refusalOf(response, this.target);
    return response;
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (cause) {
      if (cause instanceof SyntaxError)
        throw new Unreachable(`${this.target.url} does not answer as an aiMindServe does.`, cause);
      throw explainFailure(this.target.url, cause);
    }
  }
}

function addressOf(url: string, { path, query = {} }: Question): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  const parts = path.map((part) => {
    // A browser's rules would take these away with the part before them.
    if (part === '' || part === '.' || part === '..') throw new ConfigError('invalid_config', `'${part}' is no name.`);
    return encodeURIComponent(part);
  });
  return `${url}/api/v1/${parts.join('/')}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
}

function signalOf({ timeoutMs = usualTimeoutMs, signal }: Question): { signal?: AbortSignal } {
  if (timeoutMs === 0) return signal === undefined ? {} : { signal };
  const timeout = AbortSignal.timeout(timeoutMs);
  // What lasts gets its signal itself: a combined one may be collected as garbage while it is waited for.
  return { signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) };
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

/** An address as a person writes it, as the base of requests. */
export function toServerUrl(text: string): string {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const isUsable = URL.canParse(whole) && /^https?:$/.test(new URL(whole).protocol);
  if (!isUsable)
    throw new ConfigError('invalid_config', `'${text}' is not the address of a server (http://HOST:PORT).`);
  const { origin, pathname } = new URL(whole);
  // What a server listens on is not always what can be connected to.
  const reachable = origin.replace('//0.0.0.0', '//127.0.0.1').replace('//[::]', '//[::1]');
  return `${reachable}${pathname}`.replace(/\/+$/, '').replace(/\/(v1(-openai)?|api(\/v1)?)$/, '');
}
