/** Says where an engine shall listen: a socket or a port of its own for each life, with a secret that opens it. */

import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { RandomHex } from '../base/clock.ts';
import { Bug } from '../base/errors.ts';
import type { Engine, EngineAddress } from '../engines/engine.ts';
import type { Deployment } from '../fleet/deployment.ts';
import { placeSocket, removeSocket } from '../runtime/guard/socket-place.ts';
import type { KeyOwner } from './remote-keys.ts';

/** What addresses are made of. */
export interface AddressParts {
  /** Sockets lie here. */
  readonly folder: string;
  readonly randomHex: RandomHex;
  /** The key that a remote wants; '' = none. */
  readonly remoteKey: (owner: KeyOwner) => Promise<string>;
}

/** Gives out addresses and clears them away. */
export class AddressDesk {
  readonly #parts: AddressParts;

  constructor(parts: AddressParts) {
    this.#parts = parts;
    mkdirSync(parts.folder, { recursive: true, mode: 0o700 });
  }

  async make({ listens }: Pick<Engine, 'listens'>, { id, source }: Deployment): Promise<EngineAddress> {
    const { folder, randomHex, remoteKey } = this.#parts;
    switch (listens) {
      case 'socket':
        return { socketPath: placeSocket(folder, `${randomHex(4)}.sock`), token: randomHex(24) };
      case 'port':
        return { url: `http://127.0.0.1:${await freePort()}`, token: randomHex(24) };
      case 'elsewhere':
        if (source.kind !== 'remote') throw new Bug('only remotes run elsewhere');
        return { url: source.url.replace(/\/+$/, ''), token: await remoteKey({ id, source }) };
    }
  }

  /** Removes what an address leaves behind. */
  drop(address: EngineAddress): void {
    if ('socketPath' in address) removeSocket(address.socketPath);
  }

  /** Removes the sockets of engines that were killed with their server; those in `known` stay. */
  sweep(known: readonly EngineAddress[]): void {
    const paths = new Set(known.map((address) => ('socketPath' in address ? address.socketPath : undefined)));
    for (const name of readdirSync(this.#parts.folder)) {
      const path = join(this.#parts.folder, name);
      if (!paths.has(path)) rmSync(path, { force: true });
    }
  }
}

/** One that nobody listens on now. Another may take it before the engine does: then that life fails, and the next gets another. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
