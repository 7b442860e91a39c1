/** The engine's side of one connection: who is it, and what does it want. */

import type { Socket } from 'node:net';
import { AppError, EngineError, RequestError, toAppError } from '../../base/errors.ts';
import { type CompiledGrammar, compileGrammar } from '../../grammar/automaton.ts';
import type { EngineCore } from './core.ts';
import { encodeFrame, FrameReader, isSameSecret, maxFrameBytes, maxGreetingBytes } from './frames.ts';
import { Generation } from './generation.ts';
import {
  type ClientMessage,
  type EngineMessage,
  type GenerateMessage,
  type NumberedPiece,
  packTokens,
  readMessage,
  rememberedGrammars,
  toFailure,
  unpackSampling,
  unpackTokens,
} from './messages.ts';
import { RecentlyUsed } from './recently-used.ts';

/** A reader that leaves this much unread is gone. */
const maxUnreadBytes = 64 * 1024 * 1024;

/** See `openSession`. */
export interface Session {
  /** Sends the pieces of the step as one frame. */
  flush(): void;
}

/** Serves a connection until it closes. `core` settles when the model is loaded, or is not. */
export function openSession(socket: Socket, token: string, core: Promise<EngineCore>): Session {
  const reader = new FrameReader(maxGreetingBytes);
  const connection = new Connection(socket);
  let requests: Requests | undefined;
  const greet = async (): Promise<void> => {
    try {
      const loaded = await core;
      requests = new Requests(loaded, connection);
      const special = loaded.tokens.special(loaded.tokens.ends[0] ?? -1);
      const { contextPerSlot } = loaded.scheduler.stats();
      connection.send({
        type: 'ready',
        contextPerSlot,
        device: loaded.device,
        ...(special === undefined ? {} : { special }),
      });
    } catch (thrown) {
      connection.send(toFailure(toAppError(thrown)));
      socket.end();
    }
  };
  let isGreeted = false;
  const handle = (value: unknown): void => {
    if (isGreeted) requests?.handle(value);
    else answerGreeting(value);
  };
  const answerGreeting = (value: unknown): void => {
    const message = readMessage<ClientMessage>(value, ['hello']);
    if (message.type !== 'hello' || typeof message.token !== 'string' || !isSameSecret(message.token, token))
      throw new EngineError('engine_protocol', 'The secret is wrong.');
    isGreeted = true;
    reader.allow(maxFrameBytes);
    void greet();
  };
  socket.on('data', (chunk: Buffer) => {
    try {
      reader.push(chunk, handle);
    } catch (thrown) {
      process.stderr.write(`A connection was refused: ${toAppError(thrown).message}\n`);
      socket.destroy();
    }
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => requests?.abortAll());
  return { flush: () => connection.flush() };
}

/** A socket that collects pieces. */
class Connection {
  readonly #socket: Socket;
  #pieces: NumberedPiece[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(message: EngineMessage): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(encodeFrame(message));
    if (this.#socket.writableLength > maxUnreadBytes) this.#socket.destroy();
  }

  collect(piece: NumberedPiece): void {
    this.#pieces.push(piece);
  }

  flush(): void {
    if (this.#pieces.length === 0) return;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.send({ type: 'step', pieces });
  }
}

/** The requests of one connection. */
class Requests {
  readonly #core: EngineCore;
  readonly #connection: Connection;
  readonly #grammars = new RecentlyUsed<CompiledGrammar | AppError>(rememberedGrammars);
  readonly #running = new Map<number, Generation>();

  constructor(core: EngineCore, connection: Connection) {
    this.#core = core;
    this.#connection = connection;
  }

  handle(value: unknown): void {
    const message = readMessage<ClientMessage>(value, ['grammar', 'tokenize', 'generate', 'abort', 'stats']);
    switch (message.type) {
      case 'grammar':
        this.#grammars.add(message.hash, compile(message.grammar));
        break;
      case 'tokenize':
        void this.#answer(message.id, async () => {
          const tokens = packTokens(await this.#core.tokenize(message.prompt));
          this.#connection.send({ type: 'tokens', id: message.id, tokens });
        });
        break;
      case 'generate':
        void this.#answer(message.id, () => this.#generate(message));
        break;
      case 'abort':
        this.#abort(message.id);
        break;
      case 'stats':
        this.#connection.send({ type: 'stats', id: message.id, stats: this.#core.scheduler.stats() });
    }
  }

  abortAll(): void {
    for (const id of [...this.#running.keys()]) this.#abort(id);
  }

  #abort(id: number): void {
    const generation = this.#running.get(id);
    if (generation === undefined) return;
    this.#running.delete(id);
    this.#core.scheduler.cancel(generation);
  }

  /** What goes wrong with a request is told to who asked. */
  async #answer(id: number, act: () => void | Promise<void>): Promise<void> {
    try {
      await act();
    } catch (thrown) {
      this.#connection.send(toFailure(toAppError(thrown), id));
    }
  }

  #generate(message: GenerateMessage): void {
    const { id, stops, ends } = message;
    const { tokens, scheduler } = this.#core;
    const prompt = unpackTokens(message.tokens);
    if (prompt.some((token) => token < 0 || token >= tokens.size))
      throw new EngineError('engine_protocol', 'A token id is not in the vocabulary.');
    const sampling = unpackSampling(message.sampling);
    checkBias(sampling.logitBias, tokens.size);
    const grammar = message.grammar === undefined ? undefined : this.#grammar(message.grammar);
    const request = { prompt, sampling, stops, ends, ...(grammar === undefined ? {} : { cursor: grammar.start() }) };
    const generation = new Generation(request, tokens, {
      piece: (piece) => {
        if (!this.#running.has(id)) return;
        if (piece.end !== undefined) this.#running.delete(id);
        this.#connection.collect({ ...piece, id });
      },
      fail: (error) => {
        if (!this.#running.delete(id)) return;
        this.#connection.flush();
        this.#connection.send(toFailure(error, id));
      },
    });
    this.#running.set(id, generation);
    scheduler.submit(generation);
  }

  #grammar(hash: string): CompiledGrammar {
    const grammar = this.#grammars.use(hash);
    if (grammar === undefined) throw new EngineError('engine_protocol', 'A grammar was not sent.');
    if (grammar instanceof AppError) throw grammar;
    return grammar;
  }
}

/** Only the engine knows for certain which ids there are. */
function checkBias(bias: ReadonlyMap<number, number> | undefined, size: number): void {
  for (const id of bias?.keys() ?? [])
    if (id >= size) {
      const message = `Invalid value for 'logit_bias': this model has no token ${id}, its last one is ${size - 1}.`;
      throw new RequestError('invalid_value', message, { param: 'logit_bias' });
    }
}

function compile(grammar: Parameters<typeof compileGrammar>[0]): CompiledGrammar | AppError {
  try {
    return compileGrammar(grammar);
  } catch (thrown) {
    return toAppError(thrown);
  }
}
