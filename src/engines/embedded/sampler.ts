/** Draws tokens: bias, penalties, truncation, temperature, a seed, and a rule that may refuse tokens. */

import type { Sampling } from '../../chat/request.ts';
import { type Candidates, truncate } from './candidates.ts';
import { createRandom, type Random } from './random.ts';

/** Decides which tokens may come. */
export interface TokenRule {
  /** Takes the token if it may come; asked before `allows`. */
  take(id: number): boolean;
  /** May this token come? Does not take it. */
  allows(id: number): boolean;
  /** All tokens that may come. */
  allowed(): readonly number[];
}

/**
 * What is used where a request says nothing: the defaults of llama.cpp. The order is its order too: the
 * bias, penalties, top-k, top-p, min-p, and the temperature last. Temperature 0 always takes the most probable token.
 */
const defaultSampling = {
  temperature: 0.8,
  topK: 40,
  topP: 0.95,
  minP: 0.05,
  presencePenalty: 0,
  frequencyPenalty: 0,
  repeatPenalty: 1,
} as const;

/** The repeat penalty sees this many tokens, the prompt's included; the other two see the whole answer. */
const repeatWindow = 64;

const noBias: ReadonlyMap<number, number> = new Map();

/** The state of one answer's drawing. */
export class Sampler {
  readonly #settings: Required<Omit<Sampling, 'seed' | 'maxTokens' | 'logitBias' | 'topLogprobs'>>;
  readonly #bias: ReadonlyMap<number, number>;
  readonly #random: Random;
  readonly #recent: number[];
  readonly #counts = new Map<number, number>();

  constructor(sampling: Sampling, prompt: Int32Array) {
    this.#settings = { ...defaultSampling, ...sampling };
    this.#bias = sampling.logitBias ?? noBias;
    this.#random = createRandom(sampling.seed ?? Math.random() * 2 ** 52);
    this.#recent = [...prompt.subarray(-repeatWindow)];
  }

  /**
   * Draws a token, or undefined if none may come. The rule is asked lazily and the distribution is exactly the
   * truncated one restricted to what the rule allows; where that is empty, the rule restricts before the truncation.
   */
  draw(logits: Float32Array, rule?: TokenRule): number | undefined {
    for (const [id, bias] of this.#bias) logits[id] = (logits[id] ?? 0) + bias;
    this.#penalise(logits);
    const candidates = truncate(logits, this.#settings);
    const first = this.#pick(candidates);
    if (first !== undefined && (rule === undefined || rule.take(first))) return this.#note(first);
    if (rule === undefined) return undefined;
    const within = restrict(candidates, rule);
    const second = this.#pick(within.ids.length > 0 ? within : truncate(logits, this.#settings, rule.allowed()));
    return second !== undefined && rule.take(second) ? this.#note(second) : undefined;
  }

  #note(id: number): number {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    this.#recent.push(id);
    if (this.#recent.length > repeatWindow) this.#recent.shift();
    return id;
  }

  #penalise(logits: Float32Array): void {
    const { presencePenalty, frequencyPenalty, repeatPenalty } = this.#settings;
    if (repeatPenalty !== 1)
      for (const id of new Set(this.#recent)) {
        const logit = logits[id] ?? 0;
        logits[id] = logit > 0 ? logit / repeatPenalty : logit * repeatPenalty;
      }
    if (presencePenalty !== 0 || frequencyPenalty !== 0)
      for (const [id, count] of this.#counts)
        logits[id] = (logits[id] ?? 0) - presencePenalty - frequencyPenalty * count;
  }

  #pick({ ids, weights }: Candidates): number | undefined {
    if (ids.length <= 1) return ids[0];
    let left = this.#random() * weights.reduce((sum, weight) => sum + weight, 0);
    for (const [index, weight] of weights.entries()) {
      left -= weight;
      if (left < 0) return ids[index];
    }
    return ids.at(-1);
  }
}

function restrict({ ids, weights }: Candidates, rule: TokenRule): Candidates {
  const kept = ids.map((id) => rule.allows(id));
  return { ids: ids.filter((_, index) => kept[index]), weights: weights.filter((_, index) => kept[index]) };
}
