/** What server and engine tell each other, and how each reads the other's words. */

import { Field } from '../../base/decode.ts';
import {
  type AppError,
  ConfigError,
  EngineError,
  type ErrorCode,
  errorTable,
  RequestError,
  UnavailableError,
} from '../../base/errors.ts';
import type { Piece } from '../../chat/piece.ts';
import type { Prompt } from '../../chat/prompt.ts';
import type { Sampling } from '../../chat/request.ts';
import type { Grammar } from '../../grammar/grammar.ts';
import type { EngineStats } from '../engine.ts';

/** From the server. A grammar comes once, right before the first request that names its hash. */
export type ClientMessage =
  | { readonly type: 'hello'; readonly token: string }
  | { readonly type: 'grammar'; readonly hash: string; readonly grammar: Grammar }
  | { readonly type: 'tokenize'; readonly id: number; readonly prompt: Prompt }
  | GenerateMessage
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'stats'; readonly id: number };

/** Asks for an answer; `tokens` are packed (see `packTokens`). */
export interface GenerateMessage {
  readonly type: 'generate';
  readonly id: number;
  readonly tokens: string;
  readonly sampling: PackedSampling;
  readonly grammar?: string;
  readonly stops: readonly string[];
  readonly ends: readonly string[];
}

/** Sampling whose bias is a list: JSON has no maps. */
type PackedSampling = Omit<Sampling, 'logitBias'> & { readonly bias?: ReadonlyArray<readonly [number, number]> };

/** Sampling on its way to the engine. */
export function packSampling({ logitBias, ...sampling }: Sampling): PackedSampling {
  return logitBias === undefined ? sampling : { ...sampling, bias: [...logitBias] };
}

/** The opposite of `packSampling`. */
export function unpackSampling({ bias, ...sampling }: PackedSampling): Sampling {
  return bias === undefined ? sampling : { ...sampling, logitBias: new Map(bias) };
}

/** A piece of the answer `id`. */
export type NumberedPiece = Piece & { readonly id: number };

/** An error on its way through a socket. */
export interface FailureMessage {
  readonly type: 'failed';
  /** The request that failed; absent = the engine itself. */
  readonly id?: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** The caller's field that is wrong, where the request is to blame. */
  readonly param?: string;
}

/** From the engine. `ready` answers `hello` as soon as the model is loaded; `special` is one of its special tokens. */
export type EngineMessage =
  | { readonly type: 'ready'; readonly contextPerSlot: number; readonly device: string; readonly special?: string }
  | { readonly type: 'step'; readonly pieces: readonly NumberedPiece[] }
  | { readonly type: 'tokens'; readonly id: number; readonly tokens: string }
  | { readonly type: 'stats'; readonly id: number; readonly stats: EngineStats }
  | FailureMessage;

/** How many grammars both sides remember for one connection; they count alike, so they forget alike. */
export const rememberedGrammars = 32;

/** Token ids as text: base64 of their little-endian bytes. */
export function packTokens(tokens: Int32Array): string {
  return Buffer.from(tokens.buffer, tokens.byteOffset, tokens.byteLength).toString('base64');
}

/** The opposite of `packTokens`. */
export function unpackTokens(text: string): Int32Array {
  const bytes = Buffer.from(text, 'base64');
  const tokens = new Int32Array(Math.floor(bytes.length / 4));
  for (let i = 0; i < tokens.length; i++) tokens[i] = bytes.readInt32LE(i * 4);
  return tokens;
}

/** Reads the kind of a message; what else it holds was written by our own other half. */
export function readMessage<T extends ClientMessage | EngineMessage>(value: unknown, types: readonly T['type'][]): T {
  const type = new Field(value).get('type').oneOf(types);
  // The peer has shown the token: it is this same program.
  return { ...new Field(value).object(), type } as unknown as T;
}

/** An error as a message. */
export function toFailure(error: AppError, id?: number): FailureMessage {
  const { code, message, detail } = error;
  const param = detail.param !== undefined && { param: detail.param };
  return { type: 'failed', ...(id !== undefined && { id }), code, message, ...param };
}

/** A message as the error it was. */
export function fromFailure({ code, message, param }: FailureMessage): AppError {
  if (!Object.hasOwn(errorTable, code)) return new EngineError('engine_protocol', message);
  switch (errorTable[code].kind) {
    case 'config':
      return new ConfigError(code, message);
    case 'request':
      return new RequestError(code, message, param === undefined ? {} : { param });
    case 'unavailable':
      return new UnavailableError(code, message);
    default:
      return new EngineError(code, message);
  }
}
