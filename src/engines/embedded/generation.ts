/** One answer in the making: draws its tokens within its grammar, joins its text, and knows when it ends. */

import { type AppError, EngineError, toAppError } from '../../base/errors.ts';
import type { DrawnLogprob } from '../../chat/logprob.ts';
import type { Piece, PieceEnd } from '../../chat/piece.ts';
import type { Sampling } from '../../chat/request.ts';
import type { Cursor } from '../../grammar/automaton.ts';
import type { Constraint } from '../../grammar/constraint.ts';
import { createRule, type GrammarRule } from './grammar-rule.ts';
import { readLogprobs } from './logprobs.ts';
import { Sampler } from './sampler.ts';
import type { Job } from './scheduler.ts';
import { createTextJoiner, type TextJoiner } from './text-joiner.ts';
import type { TokenTable } from './token-table.ts';

/** The grammar may take this long for one token; the answer fails beyond it. */
const grammarBudgetMs = 50;

/** What an answer is made from. */
export interface GenerationRequest {
  readonly prompt: Int32Array;
  readonly sampling: Sampling;
  readonly stops: Constraint['stops'];
  readonly ends: Constraint['ends'];
  /** Absent = nothing is constrained. */
  readonly cursor?: Cursor;
}

/** Where an answer's pieces go. */
export interface GenerationSink {
  piece(piece: Piece): void;
  fail(error: AppError): void;
}

/** A job of the scheduler that hands out pieces. */
export class Generation implements Job {
  readonly prompt: Int32Array;
  readonly #request: GenerationRequest;
  readonly #tokens: TokenTable;
  readonly #sink: GenerationSink;
  readonly #sampler: Sampler;
  readonly #rule: GrammarRule | undefined;
  readonly #text: TextJoiner;
  #cached = 0;
  #drawn = 0;
  /** Tokens that no piece has reported yet, and what the model thought of them. */
  #unreported = 0;
  #logprobs: DrawnLogprob[] = [];

  constructor(request: GenerationRequest, tokens: TokenTable, sink: GenerationSink) {
    this.prompt = request.prompt;
    this.#request = request;
    this.#tokens = tokens;
    this.#sink = sink;
    this.#sampler = new Sampler(request.sampling, request.prompt);
    this.#rule = request.cursor === undefined ? undefined : createRule(request.cursor, tokens, request.ends);
    this.#text = createTextJoiner(request.stops);
  }

  begin(cached: number): boolean {
    this.#cached = cached;
    const { maxTokens } = this.#request.sampling;
    const end =
      this.#request.cursor?.mustEnd() === true
        ? 'stop'
        : maxTokens !== undefined && maxTokens <= 0
          ? 'length'
          : undefined;
    if (end !== undefined) this.#finish('', end);
    return end === undefined;
  }

  next(logits: Float32Array, isLast: boolean): number | undefined {
    try {
      const { topLogprobs } = this.#request.sampling;
      // Drawing changes the logits.
      const untouched = topLogprobs === undefined ? undefined : logits.slice();
      const token = this.#draw(logits);
      this.#drawn++;
      this.#unreported++;
      const thought = untouched && readLogprobs(untouched, token, { tokens: this.#tokens, count: topLogprobs ?? 0 });
      return this.#deliver(token, thought, isLast) ? token : undefined;
    } catch (thrown) {
      this.fail(toAppError(thrown));
      return undefined;
    }
  }

  fail(error: AppError): void {
    this.#sink.fail(error);
  }

  #draw(logits: Float32Array): number {
    const startedMs = performance.now();
    const startedCpu = this.#rule === undefined ? undefined : process.cpuUsage();
    const token = this.#sampler.draw(logits, this.#rule);
    if (startedCpu !== undefined && performance.now() - startedMs > grammarBudgetMs) {
      // A busy machine may have paused us: only time that was worked counts.
      const { user, system } = process.cpuUsage(startedCpu);
      if ((user + system) / 1000 > grammarBudgetMs)
        throw new EngineError('grammar_too_costly', `One token took more than ${grammarBudgetMs} ms to constrain.`);
    }
    if (token === undefined)
      throw new EngineError('engine_protocol', 'No token may follow, yet the answer may not end here.');
    return token;
  }

  /** Hands out what the token stands for; false = the answer has ended. */
  #deliver(token: number, thought: DrawnLogprob | undefined, isLast: boolean): boolean {
    const special = this.#tokens.special(token);
    if (this.#endsAt(token, special)) return this.#finish('', 'stop');
    if (thought !== undefined) this.#logprobs.push(thought);
    const { maxTokens } = this.#request.sampling;
    const isFull = isLast || (maxTokens !== undefined && this.#drawn >= maxTokens);
    if (special !== undefined) this.#emitSpecial(special);
    const added = special === undefined ? this.#text.add(this.#tokens.bytes(token)) : { text: '', stopped: false };
    if (added.stopped || this.#request.cursor?.mustEnd() === true) return this.#finish(added.text, 'stop');
    if (isFull) return this.#finish(added.text, 'length');
    if (added.text !== '') this.#emit({ text: added.text });
    return true;
  }

  /** The rule took the token, so with a grammar it ends the answer exactly where the grammar did not name it. */
  #endsAt(token: number, special: string | undefined): boolean {
    if (this.#rule !== undefined) return this.#rule.endedBy === token;
    return this.#tokens.isEnd(token) || (special !== undefined && this.#request.ends.includes(special));
  }

  #emitSpecial(special: string): void {
    const text = this.#text.flush();
    if (text !== '') this.#sink.piece({ text, tokens: 0 });
    this.#emit({ text: '', special });
  }

  #emit(piece: { readonly text: string; readonly special?: string }): void {
    this.#sink.piece({ ...piece, ...this.#report() });
  }

  #report(): Pick<Piece, 'tokens' | 'logprobs'> {
    const logprobs = this.#logprobs;
    const tokens = this.#unreported;
    this.#logprobs = [];
    this.#unreported = 0;
    return { tokens, ...(logprobs.length > 0 && { logprobs }) };
  }

  #finish(text: string, end: PieceEnd): false {
    const usage = { promptTokens: this.prompt.length, completionTokens: this.#drawn, cachedTokens: this.#cached };
    this.#sink.piece({ text: text + this.#text.flush(), ...this.#report(), end, usage });
    return false;
  }
}
