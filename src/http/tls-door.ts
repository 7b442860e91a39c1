/** The connections of an HTTPS server before its handshake: plain HTTP is told where to go, silence ends. */

import type { Server } from 'node:https';
import type { Socket } from 'node:net';

/** Answers a client that speaks plain HTTP. */
export type RefusePlain = (socket: Socket) => void;

/** The first byte of every TLS handshake (RFC 8446 §5.1). */
const handshakeByte = 0x16;
/** How long a client may say nothing at all. */
const silenceMs = 30_000;
/** How long a client that was refused may take to read why. */
const lingerMs = 1_000;

/** Stands before HTTPS servers; knows every connection until it ends. */
export class ConnectionDoor {
  readonly #sockets = new Set<Socket>();
  readonly #refusePlain: RefusePlain;
  #isClosed = false;

  constructor(refusePlain: RefusePlain) {
    this.#refusePlain = refusePlain;
  }

  /** Looks at the first byte of each connection before the server's own handshake begins. */
  guard(server: Server): void {
    const handshakes = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      if (!this.#isClosed) {
        this.#remember(socket);
        this.#sort(socket, () => handshakes.forEach((begin) => void begin.call(server, socket)));
      } else socket.destroy();
    });
    // A handshake that failed leaves nobody to whom an answer could be written.
    server.prependListener('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** Ends every connection: a server that stops would wait for handshakes that never come. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #remember(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #sort(socket: Socket, handshake: () => void): void {
    const end = (): void => void socket.destroy();
    socket.setTimeout(silenceMs, end);
    socket.on('error', end);
    socket.once('data', (bytes: Buffer) => {
      socket.pause();
      if (bytes[0] !== handshakeByte) {
        this.#refusePlain(socket);
        // Read on a little: a connection that is closed over unread bytes takes the answer with it.
        socket.resume();
        setTimeout(end, lingerMs).unref();
        return;
      }
      socket.setTimeout(0);
      socket.off('timeout', end);
      socket.unshift(bytes);
      handshake();
    });
  }
}
