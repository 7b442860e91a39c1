/** One answer of llama-server: asked once, or again where the server ended at a token and the answer does not. */

import { EngineError } from '../../base/errors.ts';
import type { Usage } from '../../chat/event.ts';
import type { Piece } from '../../chat/piece.ts';
import type { Grammar } from '../../grammar/grammar.ts';
import type { GenerateRequest } from '../engine.ts';
import type { EngineHttp } from '../http/engine-http.ts';
import { afterToken } from './after-token.ts';
import { AnswerReader } from './answer-reader.ts';
import { completionRequest } from './completion-request.ts';
import type { GrammarPrinter } from './server-grammar.ts';
import type { AskIds, ServerVocabulary } from './vocabulary.ts';

/** What answers are made with. */
export interface GenerateParts {
  readonly http: EngineHttp;
  readonly vocabulary: ServerVocabulary;
  readonly askIds: AskIds;
  /** Absent = grammars do not bind. */
  readonly grammarOf?: GrammarPrinter;
  readonly contextPerSlot: number;
}

/** A question to the server, and what was written before it. */
interface Leg {
  readonly tokens: readonly number[];
  readonly grammar: Grammar | undefined;
  /** Tokens of the answer so far. */
  readonly used: number;
  readonly cachedTokens?: number;
}

/** The pieces of an answer, the last with its end; throws what its signal was aborted with. */
export async function* generatePieces(
  parts: GenerateParts,
  request: GenerateRequest,
): AsyncGenerator<Piece, void, undefined> {
  let leg: Leg | undefined = { tokens: [...request.tokens], grammar: request.constraint.grammar, used: 0 };
  while (leg !== undefined) leg = yield* askLeg(parts, request, leg);
}

/** One question; the next one, if the answer goes on. */
async function* askLeg(
  parts: GenerateParts,
  request: GenerateRequest,
  leg: Leg,
): AsyncGenerator<Piece, Leg | undefined, undefined> {
  const { constraint, sampling, signal } = request;
  const { maxTokens = Number.POSITIVE_INFINITY } = sampling;
  const left = Math.min(maxTokens - leg.used, parts.contextPerSlot - leg.tokens.length);
  const end = (last: Piece, usage: Usage): Piece => ({ ...last, usage: wholeUsage(request, leg, usage) });
  if (left <= 0) return void (yield end({ text: '', tokens: 0, end: 'length' }, noUsage));
  const printed = parts.grammarOf?.({ ...constraint, ...(leg.grammar && { grammar: leg.grammar }) });
  const grammar = printed?.isEnforced === true ? printed : undefined;
  if (grammar?.forced !== undefined) {
    const { id, spelling, rest } = grammar.forced;
    yield { text: '', special: spelling, tokens: 1 };
    return { ...leg, tokens: [...leg.tokens, id], grammar: rest, used: leg.used + 1 };
  }
  const bounded = Number.isFinite(maxTokens) ? { ...sampling, maxTokens: left } : sampling;
  const reader = new AnswerReader({ vocabulary: parts.vocabulary, constraint, ...topLogprobs(request) });
  const events = parts.http.stream('/completion', completionRequest(leg.tokens, bounded, grammar), signal);
  const written: Piece[] = [];
  for await (const piece of readPieces(events, reader)) {
    if (piece.end === undefined) yield piece;
    written.push(piece);
  }
  const last = written.at(-1);
  if (last?.usage === undefined) return undefined;
  const { endedBy } = reader;
  const rest =
    endedBy !== undefined && grammar?.endsInside.has(endedBy.id) === true && leg.grammar !== undefined
      ? afterToken(leg.grammar, written, endedBy.spelling)
      : undefined;
  if (rest === undefined || endedBy === undefined) return void (yield end(last, last.usage));
  if (last.text !== '') yield { text: last.text, tokens: 0 };
  yield { ...endedBy.piece, tokens: last.tokens };
  const used = leg.used + last.usage.completionTokens;
  const ids = [...(await reader.ids(parts.askIds, signal)), endedBy.id];
  return { cachedTokens: last.usage.cachedTokens, ...leg, tokens: [...leg.tokens, ...ids], grammar: rest, used };
}

function topLogprobs({ sampling }: GenerateRequest): { readonly topLogprobs?: number } {
  return sampling.topLogprobs === undefined ? {} : { topLogprobs: sampling.topLogprobs };
}

const noUsage: Usage = { promptTokens: 0, completionTokens: 0, cachedTokens: 0 };

function wholeUsage({ tokens }: GenerateRequest, leg: Leg, { completionTokens, cachedTokens }: Usage): Usage {
  return {
    promptTokens: tokens.length,
    completionTokens: leg.used + completionTokens,
    cachedTokens: leg.cachedTokens ?? cachedTokens,
  };
}

async function* readPieces(
  events: AsyncIterable<string>,
  reader: AnswerReader,
): AsyncGenerator<Piece, void, undefined> {
  for await (const data of events) {
    if (data !== '[DONE]') yield* reader.push(data);
    if (reader.hasEnded) return;
  }
  throw new EngineError('engine_protocol', 'llama-server ended an answer without saying why.');
}
