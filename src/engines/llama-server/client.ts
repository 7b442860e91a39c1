/** A connection to a running llama-server: asks for answers, watches whether it lives, and says what it can do. */

import { EngineError } from '../../base/errors.ts';
import type { Piece } from '../../chat/piece.ts';
import type { Abilities, ChatClient, EngineClient, EngineStats, GenerateRequest } from '../engine.ts';
import type { EngineHttp } from '../http/engine-http.ts';
import { underBoth } from '../http/under-both.ts';
import { checkBias } from './completion-request.ts';
import { type GenerateParts, generatePieces } from './generate.ts';
import { createGrammarPrinter } from './server-grammar.ts';
import { createTokenize } from './tokenize.ts';
import { createAskIds, type ServerVocabulary } from './vocabulary.ts';
import type { Watch } from './watch.ts';

/** What is known of a server that is ready. */
export interface ServerFacts {
  readonly device: string;
  readonly slots: number;
  readonly contextPerSlot: number;
  readonly vocabulary: ServerVocabulary;
  /** Its own way of conversing. */
  readonly chat: Pick<ChatClient, 'abilities' | 'converse'>;
}

/** The same, and who tells when it is gone. */
export interface WatchedFacts extends ServerFacts {
  readonly watch: Watch;
}

/** Makes it; `watch` ends it. */
export function createClient(http: EngineHttp, { watch, ...facts }: WatchedFacts, abilities: Abilities): EngineClient {
  const { vocabulary, contextPerSlot, device } = facts;
  const grammarOf = createGrammarPrinter(vocabulary);
  const askIds = createAskIds(http);
  const base = { http, vocabulary, askIds, contextPerSlot };
  const parts: GenerateParts = abilities.wholeGrammar ? { ...base, grammarOf } : base;
  const counts = { running: 0, decoded: 0 };
  const own = {
    device,
    contextPerSlot,
    stats: () => readStats(http, { ...facts, ...counts }, watch.signal),
    closed: watch.closed,
    close: () => watch.close(),
  };
  return {
    ...own,
    abilities,
    chat: {
      ...own,
      abilities: facts.chat.abilities,
      converse: (request, signal) => underBoth([signal, watch.signal], (both) => facts.chat.converse(request, both)),
    },
    enforces: (constraint) => grammarOf(constraint)?.isEnforced !== false,
    tokenize: createTokenize(askIds, vocabulary, watch.signal),
    async *generate(request) {
      const { tokens, sampling, signal } = request;
      if (signal.aborted) return;
      checkRoom(request, contextPerSlot);
      checkBias(sampling, vocabulary.size);
      if (sampling.maxTokens !== undefined && sampling.maxTokens <= 0) return yield nothing(tokens.length);
      const pieces = underBoth([signal, watch.signal], (both) => generatePieces(parts, { ...request, signal: both }));
      counts.running++;
      try {
        for await (const piece of pieces) {
          counts.decoded += piece.tokens;
          yield piece;
        }
      } catch (thrown) {
        // Who leaves has no use for the news of it.
        if (!signal.aborted) throw thrown;
      } finally {
        counts.running--;
      }
    },
  };
}

/** It would answer 400, or with an empty prompt never: said here in our words, before a slot is taken. */
function checkRoom({ tokens }: GenerateRequest, context: number): void {
  if (tokens.length === 0) throw new EngineError('engine_protocol', 'A prompt without a token cannot be continued.');
  if (tokens.length >= context)
    throw new EngineError(
      'engine_protocol',
      `The prompt has ${tokens.length} tokens, and the context of ${context} leaves no room for an answer.`,
    );
}

function nothing(promptTokens: number): Piece {
  return { text: '', tokens: 0, end: 'length', usage: { promptTokens, completionTokens: 0, cachedTokens: 0 } };
}

interface Counted extends Pick<ServerFacts, 'slots' | 'contextPerSlot'> {
  readonly running: number;
  readonly decoded: number;
}

/** The server counts tokens once an answer is over; ours are those that have come. */
async function readStats(
  http: EngineHttp,
  { slots, contextPerSlot, running, decoded }: Counted,
  signal: AbortSignal,
): Promise<EngineStats> {
  const metrics = await http.get('/metrics', signal);
  const busySlots = metric(metrics, 'requests_processing') ?? Math.min(running, slots);
  const queued = metric(metrics, 'requests_deferred') ?? Math.max(0, running - slots);
  return { slots, busySlots, queued, contextPerSlot, decodedTokens: decoded };
}

function metric(text: string, name: string): number | undefined {
  const value = Number(new RegExp(`^llamacpp:${name} (\\S+)$`, 'm').exec(text)?.[1]);
  return Number.isFinite(value) ? value : undefined;
}
