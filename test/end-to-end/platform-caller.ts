/** Callers of a server under test: the first administrator, holders of keys, and what they are told. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One running copy of a deployment, as far as the tests look at it. */
export interface InstanceReply {
  readonly id: string;
  readonly deploymentId: string;
  readonly state: string;
  readonly reason: string;
  readonly revision: number;
  readonly run: number;
  readonly failures: number;
  readonly devices: readonly string[];
  readonly history: ReadonlyArray<{ readonly state: string; readonly reason: string }>;
}

/** A deployment, as far as the tests look at it. */
export interface DeploymentReply {
  readonly id: string;
  readonly name: string;
  readonly revision: number;
  readonly declaredBy: string;
  readonly isStopped: boolean;
  readonly spec: Readonly<Record<string, unknown>> & { readonly replicas: number; readonly parallel: number };
  readonly state: string;
  readonly reason: string;
  readonly readyReplicas: number;
  readonly instances: readonly InstanceReply[];
}

/** A key without its secret. */
export interface KeyReply {
  readonly id: string;
  readonly name: string;
  readonly revision: number;
}

/** A list of either. */
export interface ListReply<Item> {
  readonly items: readonly Item[];
  readonly total: number;
}

/** What went wrong, in every reply that is not a success. */
export interface ErrorReply {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
  };
}

/** An answer as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** An event of a watched list. */
export interface WatchEvent {
  readonly type: string;
  readonly id: string;
  readonly data: string;
}

/** Something the server did not take. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(method: string, path: string, { status, text }: Answer) {
    super(`${method} ${path}: ${status} ${text.slice(0, 500)}`);
    this.status = status;
    this.code = /"code":"(\w+)"/.exec(text)?.[1] ?? '';
  }
}

/** Somebody who calls the server, with what shows who they are. */
export class Caller {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.url = url;
    this.headers = headers;
  }

  /** The same person at a server that was started anew. */
  at(url: string): Caller {
    return new Caller(url, this.headers);
  }

  /** Sends a request; whatever comes back is an answer. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const content = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(this.url + path, {
      method,
      headers: { ...this.headers, ...content, ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  /** Asks the management API and expects a success; its body, or null if it has none. */
  async api<Reply>(method: string, path: string, body?: unknown): Promise<Reply> {
    const answer = await this.send(method, `/api/v1${path}`, body);
    if (answer.status >= 300) throw new Refused(method, path, answer);
    return JSON.parse(answer.text === '' ? 'null' : answer.text);
  }

  /** Asks the management API and expects a refusal. */
  async refused(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<ErrorReply['error'] & { readonly status: number }> {
    const { status, text } = await this.send(method, `/api/v1${path}`, body);
    if (status < 400) throw new Error(`${method} ${path} was answered with ${status} ${text.slice(0, 500)}`);
    const { error }: ErrorReply = JSON.parse(text);
    return { status, ...error };
  }

  /** All deployments, by name. */
  async deployments(): Promise<readonly DeploymentReply[]> {
    return (await this.api<ListReply<DeploymentReply>>('GET', '/deployments?perPage=200&sort=name')).items;
  }

  /** One deployment by its name. */
  deployment(name: string): Promise<DeploymentReply> {
    return this.api('GET', `/deployments/${name}`);
  }

  /** Makes a key; the new holder of it. */
  async makeKey(spec: object): Promise<{ readonly key: KeyReply; readonly holder: Caller }> {
    const { key, secret } = await this.api<{ key: KeyReply; secret: string }>('POST', '/keys', spec);
    return { key, holder: new Caller(this.url, { authorization: `Bearer ${secret}` }) };
  }

  /** Asks a model for a short answer. */
  chat(model: string, more: object = {}): Promise<Answer> {
    const body = { model, messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 4, ...more };
    return this.send('POST', '/v1/chat/completions', body);
  }

  /** The events of a watched list, until `signal` aborts or the server ends it. */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const response = await fetch(`${this.url}/api/v1${path}?watch=true`, { headers: this.headers, signal });
    if (response.status !== 200 || response.body === null) throw new Error(`watching ${path}: ${response.status}`);
    const decoder = new TextDecoder();
    let rest = '';
    for await (const part of response.body) {
      rest += decoder.decode(part, { stream: true });
      const events = rest.split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) if (event.includes('data: ')) yield readEvent(event);
    }
  }
}

function readEvent(text: string): WatchEvent {
  const fields = Object.fromEntries(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return { type: fields['event'] ?? '', id: fields['id'] ?? '', data: fields['data'] ?? '' };
}

/** Waits for one deployment by the stream of changes; all the states and reasons seen on the way. */
export async function watchUntil(
  caller: Caller,
  name: string,
  isThere: (deployment: DeploymentReply) => boolean,
): Promise<readonly DeploymentReply[]> {
  const enough = new AbortController();
  const seen: DeploymentReply[] = [];
  const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(40_000)]);
  try {
    for await (const { type, data } of caller.watch('/deployments', signal)) {
      if (type === 'deleted') continue;
      const told: DeploymentReply | ListReply<DeploymentReply> = JSON.parse(data);
      const found = 'items' in told ? told.items.find((item) => item.name === name) : told;
      if (found?.name !== name) continue;
      seen.push(found);
      if (isThere(found)) return seen;
    }
  } catch (thrown) {
    const last = seen.at(-1);
    const history = last?.instances.map((instance) => JSON.stringify(instance)).join('\n');
    throw new Error(`'${name}' did not get there: ${last?.state} ${last?.reason}\n${history}`, { cause: thrown });
  } finally {
    enough.abort();
  }
  throw new Error(`the stream ended before '${name}' got there`);
}

/** Is it up, as often as it should be? */
export function isReady({ state }: DeploymentReply): boolean {
  return state === 'ready';
}

/** Makes the first administrator by the link in the data directory. */
export async function becomeAdministrator(url: string, dataFolder: string): Promise<Caller> {
  const link = readFileSync(join(dataFolder, 'admin-link'), 'utf8').trim();
  const token = new URLSearchParams(new URL(link).hash.split('?')[1]).get('token');
  const person = { token, name: 'ada', password: 'correct horse battery' };
  const answer = await new Caller(url).send('POST', '/api/v1/setup', person);
  if (answer.status !== 201) throw new Refused('POST', '/setup', answer);
  const [cookie = ''] = answer.headers.getSetCookie().map((text) => text.split(';')[0] ?? '');
  const { csrfToken }: { csrfToken: string } = JSON.parse(answer.text);
  return new Caller(url, { cookie, 'x-csrf-token': csrfToken });
}

/** Looks again and again until there is something to return; throws after `limitMs` what it waited for. */
export async function until<Found>(
  what: string,
  look: () => Promise<Found | undefined | false> | Found | undefined | false,
  limitMs = 40_000,
): Promise<Found> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited ${limitMs / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}
