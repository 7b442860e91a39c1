/** Small answers that show what this vLLM and this model can do. */

import { isAppError } from '../../base/errors.ts';
import type { Prompt } from '../../chat/prompt.ts';
import type { Grammar } from '../../grammar/grammar.ts';
import { text as grammarText, sequence, special } from '../../grammar/grammar.ts';
import type { Abilities } from '../engine.ts';
import type { AddedTokens } from './added-tokens.ts';
import type { Generate } from './vllm-client.ts';

/** What proving needs. */
export interface ProofParts {
  readonly generate: Generate;
  readonly tokenize: (prompt: Prompt) => Promise<Int32Array>;
  readonly added: AddedTokens;
  readonly eosToken: string;
  readonly signal: AbortSignal;
}

/** No model answers it by chance. */
const word = 'quokka';
/** Some control tokens end an answer: another one is tried. */
const maxSpecials = 4;

/** Proves them; throws EngineError only where the engine is gone. */
export async function proveAbilities(parts: ProofParts): Promise<Abilities> {
  const dictated = await dictate(parts, grammarText(word));
  const wholeGrammar = dictated.answer === word;
  const { logprobs, tokens } = dictated;
  const others = { wholeGrammar, tokenIds: tokens > 0, logprobs: logprobs > 0 };
  return { ...others, specialTokens: wholeGrammar && tokens > 0 && (await tellsSpecials(parts)) };
}

/** A token that a grammar names comes as that token, and its spelling by a stranger does not become it. */
async function tellsSpecials(parts: ProofParts): Promise<boolean> {
  const { added, eosToken, tokenize } = parts;
  const candidates = added.controls.filter((spelling) => spelling !== eosToken).slice(0, maxSpecials);
  for (const spelling of candidates) {
    const { answer } = await dictate(parts, sequence(grammarText('o'), special(spelling)));
    if (answer !== `o(${spelling})`) continue;
    const id = added.idOf(spelling) ?? -1;
    // Behind a letter, as the first token may be put there by the tokenizer.
    const token = await tokenize([{ text: `a${spelling}`, trusted: true }]);
    const letters = await tokenize([{ text: `a${spelling}`, trusted: false }]);
    return token.subarray(1).includes(id) && !letters.subarray(1).includes(id);
  }
  return false;
}

interface Dictated {
  readonly answer: string;
  readonly tokens: number;
  readonly logprobs: number;
}

/** What a grammar with one word makes of an answer; nothing, where the engine refuses it. */
async function dictate({ generate, tokenize, signal }: ProofParts, root: Grammar['root']): Promise<Dictated> {
  const tokens = await tokenize([{ text: 'ok', trusted: true }]);
  const constraint = { grammar: { root, rules: {} }, openings: [], stops: [], ends: [] };
  const sampling = { temperature: 0, maxTokens: 16, topLogprobs: 1 };
  const told = { answer: '', tokens: 0, logprobs: 0 };
  try {
    for await (const piece of generate({ tokens, constraint, sampling, signal })) {
      told.answer += piece.special === undefined ? piece.text : `(${piece.special})`;
      told.tokens += piece.tokens;
      told.logprobs += piece.logprobs?.length ?? 0;
    }
  } catch (thrown) {
    if (!isAppError(thrown) || thrown.code !== 'engine_protocol') throw thrown;
  }
  signal.throwIfAborted();
  return told;
}
