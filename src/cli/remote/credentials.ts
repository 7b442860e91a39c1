/** The keys of those who signed in, one for each server, in a file that only its owner can read. */

import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import { type Target, toServerUrl } from './client.ts';
import { Item } from './item.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A key that this command line made for itself. */
export interface Credential {
  readonly keyId: string;
  readonly key: string;
  readonly userName: string;
}

interface Content {
  /** The server that was signed in to last: the one that is asked if nobody names one. */
  readonly current?: string;
  readonly servers: Readonly<Record<string, Credential>>;
}

/** Where a server listens if nobody says otherwise. */
const usualUrl = 'http://127.0.0.1:31512';
const keyVariable = 'AIMINDSERVE_API_KEY';

/** The file; read anew by every call, as other terminals write it too. */
export class Credentials {
  readonly path: string;

  constructor(environment: Environment) {
    const configured = environment['XDG_CONFIG_HOME'];
    const home = environment['HOME'] || homedir();
    const base = configured === undefined || configured === '' ? join(home, '.config') : configured;
    this.path = join(base, 'aimindserve', 'credentials.json');
  }

  current(): string | undefined {
    return this.#read().current;
  }

  find(url: string): Credential | undefined {
    return this.#read().servers[url];
  }

  save(url: string, credential: Credential): void {
    const { servers } = this.#read();
    this.#write({ current: url, servers: { ...servers, [url]: credential } });
  }

  forget(url: string): void {
    const { current, servers } = this.#read();
    const { [url]: _, ...others } = servers;
    this.#write({ servers: others, ...(current !== undefined && current !== url && { current }) });
  }

  #read(): Content {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch {
      return { servers: {} };
    }
    try {
      return toContent(new Item(JSON.parse(text)));
    } catch (cause) {
      throw new ConfigError('invalid_config', `${this.path} is no JSON; repair it, or remove it and sign in anew.`, {
        cause,
      });
    }
  }

  /** Written beside its place first: who reads meanwhile sees the old or the new, never a half. */
  #write(content: Content): void {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const draft = `${this.path}.${process.pid}`;
    writeFileSync(draft, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
    chmodSync(draft, 0o600);
    renameSync(draft, this.path);
  }
}

function toContent(item: Item): Content {
  const servers = item.entries('servers').map(([url, one]): [string, Credential] => {
    return [url, { keyId: one.text('keyId'), key: one.text('key'), userName: one.text('userName') }];
  });
  const current = item.text('current');
  return { servers: Object.fromEntries(servers), ...(current !== '' && { current }) };
}

/** What the command line itself says of the server. */
export interface Named {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
}

/** The server to ask and the key to show: flag before variable before what was signed in to last. */
export function targetOf(named: Named, environment: Environment, credentials: Credentials): Target {
  const ownUrl = named.url ?? nonEmpty(environment['AIMINDSERVE_URL']) ?? credentials.current() ?? usualUrl;
  const url = toServerUrl(ownUrl);
  if (named.key !== undefined) return { url, key: named.key };
  const fromEnvironment = keyOfEnvironment(environment);
  if (fromEnvironment !== undefined) return { url, ...fromEnvironment };
  const key = credentials.find(url)?.key;
  return { url, ...(key !== undefined && { key }) };
}

/** The variable, or the file that `AIMINDSERVE_API_KEY_FILE` names. */
function keyOfEnvironment(environment: Environment): Pick<Target, 'key' | 'keyFrom'> | undefined {
  const key = nonEmpty(environment[keyVariable]);
  if (key !== undefined) return { key, keyFrom: keyVariable };
  const keyFrom = `${keyVariable}_FILE`;
  const file = nonEmpty(environment[keyFrom]);
  if (file === undefined) return undefined;
  try {
    return { key: readFileSync(file, 'utf8').trim(), keyFrom };
  } catch (cause) {
    throw new ConfigError('invalid_config', `${keyFrom}: ${file} cannot be read.`, { cause });
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
