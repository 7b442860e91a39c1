/** A connection to a vLLM that has loaded its model. */

import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, isAppError, RequestError } from '../../base/errors.ts';
import type { Piece } from '../../chat/piece.ts';
import type { Prompt } from '../../chat/prompt.ts';
import type { Sampling } from '../../chat/request.ts';
import type { Constraint } from '../../grammar/constraint.ts';
import type { Abilities, ChatClient, EngineClient, EngineStats, GenerateRequest } from '../engine.ts';
import type { EngineHttp } from '../http/engine-http.ts';
import { underBoth } from '../http/under-both.ts';
import type { AddedTokens } from './added-tokens.ts';
import { completionBody } from './completion-body.ts';
import { type ReaderParts, readCompletion } from './completion-reader.ts';
import type { GrammarBook } from './grammar-book.ts';
import { asTold, createMarkerReader } from './marker-reader.ts';
import { readMetrics } from './metrics.ts';
import type { Decode, TokenTexts } from './token-texts.ts';

/** What a connection is made of, once the engine is well. */
export interface ClientParts {
  readonly http: EngineHttp;
  readonly added: AddedTokens;
  /** Absent = grammars do not bind here. */
  readonly grammars?: GrammarBook;
  readonly decode: Decode;
  readonly texts: TokenTexts;
  readonly tokenize: (prompt: Prompt) => Promise<Int32Array>;
  readonly contextPerSlot: number;
  readonly vocabularySize: number;
  /** Requests that run at once. */
  readonly slots: number;
  /** Ends whatever is asked. */
  readonly ending: AbortController;
}

/** What was proven of it. */
export interface ProvenParts {
  readonly abilities: Abilities;
  readonly device: string;
  readonly converse: ChatClient['converse'];
  readonly chatAbilities: ChatClient['abilities'];
}

/** Asks for one generation; the request is gone from the engine as soon as nobody reads it. */
export type Generate = (request: GenerateRequest) => AsyncGenerator<Piece, void, undefined>;

/** Makes the function that generates. */
export function createGenerate(parts: ClientParts): Generate {
  const { http, added, grammars, decode, contextPerSlot, texts } = parts;
  const reading = { special: added.special, decode };
  return async function* generate({ signal, ...request }) {
    const { constraint, sampling, tokens } = request;
    if (signal.aborted) return;
    if (sampling.maxTokens !== undefined && sampling.maxTokens <= 0) {
      yield { text: '', tokens: 0, end: 'length', usage: emptyUsage(tokens.length) };
      return;
    }
    refuseStrangeBias(sampling, parts.vocabularySize);
    const { grammar } = constraint;
    const page = grammar && grammars?.print(grammar);
    const markers = grammar === undefined || page === undefined ? asTold : createMarkerReader(grammar, page);
    const endIds = constraint.ends.flatMap((special) => added.idOf(special) ?? []);
    const body = completionBody(request, { contextPerSlot, endIds, ...(page && { grammar: page.text }) });
    const reader: ReaderParts = { reading, markers, texts, topLogprobs: sampling.topLogprobs };
    try {
      for await (const piece of readCompletion(http.stream('/v1/completions', body, signal), reader)) {
        // What had come already is of no use to who left.
        if (signal.aborted) return;
        yield piece;
      }
    } catch (thrown) {
      // Who left needs no reason.
      if (!signal.aborted) throw thrown;
    }
  };
}

/** The engine would refuse it too, but not say whose fault it is. */
function refuseStrangeBias({ logitBias = new Map() }: Sampling, vocabularySize: number): void {
  const strange = [...logitBias.keys()].find((id) => id < 0 || id >= vocabularySize);
  if (strange === undefined) return;
  const message = `logit_bias: the model has no token ${strange}; its tokens are 0 to ${vocabularySize - 1}.`;
  throw new RequestError('invalid_value', message, { param: 'logit_bias' });
}

function emptyUsage(promptTokens: number) {
  return { promptTokens, completionTokens: 0, cachedTokens: 0 };
}

/** Between two looks at its health, and how many of them in a row may stay without an answer. */
const lookEveryMs = 2_000;
const maxSilence = 3;

/** The client that requests are given to. */
export function openClient(parts: ClientParts, proven: ProvenParts): EngineClient {
  const generate = createGenerate(parts);
  const { ending, http, contextPerSlot, slots, grammars } = parts;
  const { abilities, device, converse } = proven;
  const stats = async (): Promise<EngineStats> => {
    const { running, waiting, generatedTokens } = readMetrics(await http.get('/metrics', ending.signal));
    return { slots, busySlots: running, queued: waiting, contextPerSlot, decodedTokens: generatedTokens };
  };
  const closed = watch(http, ending.signal);
  const close = (): void => ending.abort(new EngineError('engine_crashed', 'The connection was closed.'));
  const shared = { device, contextPerSlot, stats, closed, close };
  return {
    ...shared,
    abilities,
    chat: {
      ...shared,
      abilities: proven.chatAbilities,
      converse: (request, signal) => underBoth([signal, ending.signal], (both) => converse(request, both)),
    },
    enforces: ({ grammar }: Constraint) => grammar === undefined || grammars?.isKept(grammar) === true,
    tokenize: parts.tokenize,
    generate: (request) => underBoth([request.signal, ending.signal], (signal) => generate({ ...request, signal })),
  };
}

/** Resolves with the reason once it is gone; the interface may still answer when what computes behind it has died. */
async function watch(http: EngineHttp, signal: AbortSignal): Promise<string> {
  for (let silence = 0; silence < maxSilence; ) {
    await sleep(lookEveryMs, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return 'The connection was closed.';
    try {
      await http.get('/health', signal);
      silence = 0;
    } catch (thrown) {
      if (signal.aborted) return 'The connection was closed.';
      if (isAppError(thrown) && thrown.code === 'engine_protocol')
        return 'vLLM says that it can compute no more; its log says why.';
      silence++;
    }
  }
  return 'vLLM does not answer any more.';
}
