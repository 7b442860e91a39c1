/** The server's side of the connection to an engine process. */

import { createHash } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AppError, EngineError, toAppError } from '../../base/errors.ts';
import { PushStream } from '../../base/stream.ts';
import type { Piece } from '../../chat/piece.ts';
import type { Prompt } from '../../chat/prompt.ts';
import type { Grammar } from '../../grammar/grammar.ts';
import type { EngineStats, GenerateRequest, SocketAddress } from '../engine.ts';
import { encodeFrame, FrameReader, maxFrameBytes } from './frames.ts';
import {
  type ClientMessage,
  type EngineMessage,
  fromFailure,
  packSampling,
  packTokens,
  readMessage,
  rememberedGrammars,
  unpackTokens,
} from './messages.ts';
import { RecentlyUsed } from './recently-used.ts';
import { shareNodes } from './share-nodes.ts';

const retryMs = 10;

/** What the engine says of itself. */
export type Greeting = Extract<EngineMessage, { type: 'ready' }>;

/**
 * Connects, waits until the model is loaded, and lets `prove` try it; tries until the socket is there. If `signal`
 * aborts or anything fails, nothing stays open.
 */
export async function openChannel<T>(
  address: SocketAddress,
  signal: AbortSignal,
  prove: (channel: Channel) => Promise<T>,
): Promise<readonly [Channel, T]> {
  for (;;) {
    signal.throwIfAborted();
    const socket = await tryConnect(address.socketPath);
    if (socket !== undefined) {
      const channel = new Channel(socket);
      return [channel, await guard(channel, signal, () => channel.greet(address.token).then(() => prove(channel)))];
    }
    await sleep(retryMs, undefined, { signal });
  }
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

async function guard<T>(channel: Channel, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  const leave = (): void => channel.close();
  signal.addEventListener('abort', leave, { once: true });
  try {
    const done = await act();
    signal.throwIfAborted();
    return done;
  } catch (thrown) {
    leave();
    throw signal.aborted ? signal.reason : thrown;
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

interface Waiting {
  readonly resolve: (message: EngineMessage) => void;
  readonly reject: (error: AppError) => void;
}

/** Requests by number over one socket; when it closes, all of them fail. */
export class Channel {
  readonly closed: Promise<string>;
  readonly #socket: Socket;
  readonly #reader = new FrameReader(maxFrameBytes);
  readonly #questions = new Map<number, Waiting>();
  readonly #answers = new Map<number, PushStream<Piece>>();
  readonly #sent = new RecentlyUsed<true>(rememberedGrammars);
  readonly #hashes = new WeakMap<Grammar, string>();
  #greeting: Greeting | undefined;
  #reason = 'The engine process ended.';
  #lastId = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => socket.destroy(error));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#failAll();
        resolve(this.#reason);
      });
    });
  }

  get greeting(): Greeting {
    if (this.#greeting === undefined) throw new EngineError('engine_protocol', 'The engine has not greeted.');
    return this.#greeting;
  }

  async greet(token: string): Promise<void> {
    const answer = await this.#ask(0, { type: 'hello', token });
    if (answer.type === 'ready') this.#greeting = answer;
  }

  async tokenize(prompt: Prompt): Promise<Int32Array> {
    const id = ++this.#lastId;
    const answer = await this.#ask(id, { type: 'tokenize', id, prompt });
    if (answer.type !== 'tokens') throw unexpected(answer);
    return unpackTokens(answer.tokens);
  }

  async stats(): Promise<EngineStats> {
    const id = ++this.#lastId;
    const answer = await this.#ask(id, { type: 'stats', id });
    if (answer.type !== 'stats') throw unexpected(answer);
    return answer.stats;
  }

  generate({ tokens, constraint, sampling, signal }: GenerateRequest): AsyncIterable<Piece> {
    const id = ++this.#lastId;
    const leave = (): void => {
      if (!this.#answers.delete(id)) return;
      this.#send({ type: 'abort', id });
      stream.end();
    };
    const stream = new PushStream<Piece>(leave);
    if (signal.aborted) stream.end();
    else if (this.#socket.destroyed) stream.fail(this.#crash());
    else {
      this.#answers.set(id, stream);
      signal.addEventListener('abort', leave, { once: true });
      const { stops, ends, grammar } = constraint;
      const hash = grammar === undefined ? {} : { grammar: this.#share(grammar) };
      this.#send({
        type: 'generate',
        id,
        tokens: packTokens(tokens),
        sampling: packSampling(sampling),
        stops,
        ends,
        ...hash,
      });
    }
    return stream;
  }

  close(): void {
    this.#reason = 'The connection was closed.';
    this.#socket.destroy();
  }

  /** Sends a grammar unless the engine remembers it; returns its hash. */
  #share(grammar: Grammar): string {
    const known = this.#hashes.get(grammar);
    if (known !== undefined && this.#sent.use(known) === true) return known;
    // As JSON a shared node would be written in every place: with many tools, millions of times.
    const shared = shareNodes(grammar);
    const hash = known ?? createHash('sha256').update(JSON.stringify(shared)).digest('base64');
    this.#hashes.set(grammar, hash);
    if (this.#sent.use(hash) === undefined) {
      this.#send({ type: 'grammar', hash, grammar: shared });
      this.#sent.add(hash, true);
    }
    return hash;
  }

  #ask(id: number, message: ClientMessage): Promise<EngineMessage> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(this.#crash());
      this.#questions.set(id, { resolve, reject });
      this.#send(message);
    });
  }

  #send(message: ClientMessage): void {
    if (!this.#socket.destroyed) this.#socket.write(encodeFrame(message));
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.push(chunk, (value) => this.#handle(value));
    } catch (thrown) {
      this.#reason = toAppError(thrown).message;
      this.#socket.destroy();
    }
  }

  #handle(value: unknown): void {
    const message = readMessage<EngineMessage>(value, ['ready', 'step', 'tokens', 'stats', 'failed']);
    if (message.type === 'step') for (const { id, ...piece } of message.pieces) this.#piece(id, piece);
    else if (message.type === 'failed') this.#fail(message.id ?? 0, fromFailure(message));
    else this.#resolve(message.type === 'ready' ? 0 : message.id, message);
  }

  #piece(id: number, piece: Piece): void {
    const stream = this.#answers.get(id);
    if (stream === undefined) return;
    stream.push(piece);
    if (piece.end === undefined) return;
    this.#answers.delete(id);
    stream.end();
  }

  #resolve(id: number, message: EngineMessage): void {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    question?.resolve(message);
  }

  #fail(id: number, error: AppError): void {
    this.#questions.get(id)?.reject(error);
    this.#questions.delete(id);
    this.#answers.get(id)?.fail(error);
    this.#answers.delete(id);
  }

  #failAll(): void {
    for (const id of [...this.#questions.keys(), ...this.#answers.keys()]) this.#fail(id, this.#crash());
  }

  #crash(): EngineError {
    return new EngineError('engine_crashed', this.#reason);
  }
}

function unexpected(message: EngineMessage): EngineError {
  return new EngineError('engine_protocol', `The engine answered '${message.type}' to another question.`);
}
