/** One run seen from its guard: started by the first server that knows the token, ended by a wish or a lease. */

import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { startTimeOf } from '../process-table.ts';
import type { RunEnd } from '../run.ts';
import { markOf, type RunState, statePath, writeRunState } from '../run-files.ts';
import { type EngineGroup, startEngineGroup } from './engine-group.ts';
import { type GuardMessage, type GuardOrder, readMessages, toLine } from './messages.ts';
import { openRunLog, type RunLog } from './run-log.ts';
import { placeSocket, removeSocket } from './socket-place.ts';

/** How long a connection may take to say who it is. */
const helloMs = 2_000;
/** How long servers may take to hear the end. */
const farewellMs = 1_000;

/** Makes everything ready but the program itself; throws what is in the way. */
export async function openGuard(order: GuardOrder): Promise<Guard> {
  const log = await openRunLog(order.logPath, order.maxLogBytes);
  const { instanceId, run, folder, token, graceMs } = order;
  const state: RunState = {
    ...{ instanceId, run, folder, token, graceMs },
    socketPath: placeSocket(folder, `${run}.sock`),
    guardPid: process.pid,
    guardStartTime: startTimeOf(process.pid) ?? '',
    startedAt: Math.floor(Date.now() / 1000),
  };
  // Before there is a program: whoever looks for it later finds its guard first.
  writeRunState(state);
  const guard = new Guard(order, state, log);
  await guard.listen();
  return guard;
}

/** A guard that listens. */
export class Guard {
  readonly #order: GuardOrder;
  readonly #log: RunLog;
  readonly #server: Server;
  readonly #sessions = new Set<Socket>();
  #state: RunState;
  #engine: EngineGroup | undefined;
  #lease: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(order: GuardOrder, state: RunState, log: RunLog) {
    this.#order = order;
    this.#state = state;
    this.#log = log;
    this.#server = createServer((socket) => this.#meet(socket));
  }

  get socketPath(): string {
    return this.#state.socketPath;
  }

  /** Only this user may connect; the mask is changed for the moment of binding, which is within `listen`. */
  async listen(): Promise<void> {
    rmSync(this.socketPath, { force: true });
    const mask = process.umask(0o177);
    const listening = new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.socketPath, resolve);
    });
    process.umask(mask);
    await listening;
  }

  /** The server that spawned this guard is gone: without a program there is nothing to guard. */
  abandon(): void {
    if (this.#engine === undefined) this.#leave();
  }

  /** Ends the run in good order. */
  stop(): void {
    if (this.#engine === undefined) this.#leave();
    else this.#engine.stop(this.#order.graceMs);
  }

  /** A fault of ours: the program must not live on without a guard. */
  fail(reason: string): void {
    this.#log.write(Buffer.from(`\nThe guard failed: ${reason}\n`));
    if (this.#engine === undefined || this.#isOver) process.exit(1);
    this.#engine.kill();
  }

  #meet(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), helloMs);
    let isKnown = false;
    socket.on('error', () => {});
    socket.on('close', () => clearTimeout(timer));
    readMessages(socket, (message) => {
      if (isKnown) {
        if (message['type'] === 'stop') this.stop();
        return;
      }
      // Who could measure the time this takes can read the token in the state file.
      if (message['type'] !== 'hello' || message['token'] !== this.#order.token) {
        socket.destroy();
        return;
      }
      isKnown = true;
      clearTimeout(timer);
      this.#greet(socket);
    });
  }

  #greet(socket: Socket): void {
    if (this.#isOver) {
      socket.destroy();
      return;
    }
    clearTimeout(this.#lease);
    this.#sessions.add(socket);
    socket.on('close', () => this.#part(socket));
    try {
      this.#engine ??= this.#start();
      say(socket, { type: 'facts', state: this.#state });
    } catch (thrown) {
      say(socket, { type: 'failed', message: thrown instanceof Error ? thrown.message : String(thrown) });
      this.#leave();
    }
  }

  #part(socket: Socket): void {
    this.#sessions.delete(socket);
    if (this.#sessions.size > 0) return;
    this.#lease = setTimeout(() => this.stop(), this.#order.leaseMs);
  }

  #start(): EngineGroup {
    const engine = startEngineGroup(this.#order, markOf(this.#state), this.#log);
    const state = { ...this.#state, enginePid: engine.name.pid, engineStartTime: engine.name.startTime };
    try {
      writeRunState(state);
    } catch (cause) {
      engine.kill();
      throw cause;
    }
    this.#state = state;
    void engine.ended.then((end) => this.#finish(end));
    return engine;
  }

  /** First the files, then the word: a server that hears of the end finds all of it. */
  async #finish(end: RunEnd): Promise<void> {
    this.#isOver = true;
    await this.#log.close();
    this.#state = { ...this.#state, end, endedAt: Math.floor(Date.now() / 1000) };
    try {
      writeRunState(this.#state);
    } catch {
      // A full disk: those who are there hear it, the others find that nobody is left.
    }
    for (const socket of this.#sessions) say(socket, { type: 'end', end });
    this.#leave();
  }

  #leave(): void {
    this.#isOver = true;
    if (this.#state.enginePid === undefined) rmSync(statePath(this.#state.folder, this.#state.run), { force: true });
    removeSocket(this.socketPath);
    const sessions = [...this.#sessions];
    const told = sessions.map((socket) => new Promise<void>((resolve) => socket.end(() => resolve())));
    setTimeout(() => process.exit(0), farewellMs);
    void Promise.all(told).then(() => process.exit(0));
  }
}

function say(socket: Socket, message: GuardMessage): void {
  socket.write(toLine(message));
}
