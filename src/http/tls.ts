/** HTTPS: a server whose certificate is read anew when its files change, while connections go on. */

import type { RequestListener, ServerOptions } from 'node:http';
import { createServer, type Server } from 'node:https';
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { ConnectionDoor, type RefusePlain } from './tls-door.ts';
import { type CertificateFiles, checkPair, describePair, type Pair, readPair, readPairNow } from './tls-pair.ts';

/** What a TLS server is made of. */
export interface TlsParts {
  readonly files: CertificateFiles;
  readonly log: Log;
  readonly clock: Clock;
  readonly refusePlain: RefusePlain;
  /** How often the files are looked at, in milliseconds. */
  readonly lookMs?: number;
}

/** In milliseconds. */
type Timeouts = Required<Pick<ServerOptions, 'requestTimeout' | 'keepAliveTimeout'>>;

/** Makes HTTPS servers that all show the current certificate. */
export interface Tls {
  createServer(handler: RequestListener, timeouts: Timeouts): Server;
  /** Stops looking at the files and ends every connection, those in the middle of a handshake too. */
  close(): void;
}

const usualLookMs = 5_000;
const minVersion = 'TLSv1.2';

/** Reads the files; throws a ConfigError that says what is wrong with them. */
export function createTls(parts: TlsParts): Tls {
  const keeper = new PairKeeper(parts);
  const door = new ConnectionDoor(parts.refusePlain);
  const closing = new AbortController();
  void keepLooking(keeper, parts.lookMs ?? usualLookMs, closing.signal);
  return {
    createServer(handler, timeouts) {
      const server = createServer({ ...timeouts, ...keeper.pair, minVersion }, handler);
      door.guard(server);
      keeper.serve(server);
      return server;
    },
    close() {
      closing.abort();
      door.close();
    },
  };
}

/**
 * Files are read, not watched: certbot and Kubernetes replace links and folders on the way to a file, and network
 * mounts tell nobody of changes. To read two small files is cheap.
 */
async function keepLooking(keeper: PairKeeper, lookMs: number, signal: AbortSignal): Promise<void> {
  while (await passed(lookMs, signal)) await keeper.look();
}

/** False = it was cut short. */
function passed(ms: number, signal: AbortSignal): Promise<boolean> {
  return setTimeout(ms, true, { signal, ref: false }).catch(() => false);
}

/** The pair in use, and the servers that show it. */
class PairKeeper {
  readonly #files: CertificateFiles;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #servers: Server[] = [];
  #pair: Pair;
  /** What was wrong when the files were last looked at. */
  #fault = '';
  #isFaultTold = false;

  constructor({ files, log, clock }: TlsParts) {
    this.#files = files;
    this.#log = log;
    this.#clock = clock;
    this.#pair = readPairNow(files);
    this.#tell('the TLS certificate is in use');
  }

  get pair(): Pair {
    return this.#pair;
  }

  serve(server: Server): void {
    this.#servers.push(server);
  }

  /** A pair that is broken leaves the old one in use. */
  async look(): Promise<void> {
    try {
      const pair = await readPair(this.#files);
      if (pair.cert !== this.#pair.cert || pair.key !== this.#pair.key) this.#take(pair);
      this.#fault = '';
      this.#isFaultTold = false;
    } catch (thrown) {
      this.#complain(thrown);
    }
  }

  #take(pair: Pair): void {
    checkPair(pair, this.#files);
    for (const server of this.#servers) server.setSecureContext({ ...pair, minVersion });
    this.#pair = pair;
    this.#tell('the TLS certificate was changed');
  }

  /** Files change one after the other: only what is still wrong at the next look is worth a word, once. */
  #complain(thrown: unknown): void {
    const fault = String(thrown);
    const isNew = fault !== this.#fault;
    this.#fault = fault;
    if (isNew) this.#isFaultTold = false;
    else if (!this.#isFaultTold) {
      this.#isFaultTold = true;
      this.#log.error({ err: thrown }, 'the new TLS certificate cannot be used; the old one stays');
    }
  }

  #tell(what: string): void {
    const { validTo, subject } = describePair(this.#pair);
    const fields = { file: this.#files.certFile, subject, validTo };
    if (Date.parse(validTo) < this.#clock.unixMs()) this.#log.warn(fields, `${what}, but it has expired`);
    else this.#log.info(fields, what);
  }
}
