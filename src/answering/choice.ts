/** One of an answer's choices: generate, keep the promises, ask again where that may help. */

import { isAppError, OutputError } from '../base/errors.ts';
import type { ChatEvent, ParserEvent, Usage } from '../chat/event.ts';
import type { PieceEnd } from '../chat/piece.ts';
import type { ChatRequest, GuaranteeLevel, Warning } from '../chat/request.ts';
import { allFormats } from '../formats/formats.ts';
import type { Asker, Generation, Question } from './asker.ts';
import { ForeignFormatReader } from './foreign-format.ts';
import { Guarantee } from './guarantee.ts';
import { addUsage, noUsage } from './meter.ts';
import { reaskRequest } from './reask.ts';

/** What a choice is made of. */
export interface ChoiceParts {
  /** The answer's id, which all its choices share. */
  readonly id: string;
  readonly index: number;
  readonly request: ChatRequest;
  readonly level: GuaranteeLevel;
  readonly asker: Asker;
  readonly question: Question;
  /** The most tokens of this choice, all attempts together, if the client says so. */
  readonly maxTokens: number | undefined;
}

/** How often an answer's calls are asked for again. */
const maxReasks = 2;

/** Reasoning beyond this is not remembered anyway. */
const maxKeptReasoning = 250_000;

/** One choice; after `events` has ended, the rest is known. */
export class Choice {
  /** What the first attempt cost, and what the others did. */
  usage: Usage = noUsage;
  reaskUsage: Usage = noUsage;
  readonly warnings: Warning[] = [];
  /** The first call that was sent. */
  firstCallId: string | undefined;
  reasoning = '';
  readonly #parts: ChoiceParts;
  readonly #guarantee: Guarantee;
  readonly #foreign: ForeignFormatReader | undefined;
  readonly #raw: string[] = [];
  #isStarted = false;

  constructor(parts: ChoiceParts) {
    const { asker, question, request, level } = parts;
    this.#parts = parts;
    this.#guarantee = new Guarantee({
      level,
      tools: question.tools,
      choice: request.toolChoice,
      parallel: request.parallelCalls,
      constrained: question.isConstrained,
      relaxed: question.relaxed,
      endsAtRepeat: asker.format?.endsAtRepeat ?? false,
    });
    if (asker.format !== undefined && question.tools.length > 0)
      this.#foreign = new ForeignFormatReader(asker.format, allFormats);
  }

  /** The texts of all attempts as they were written. */
  get raw(): readonly string[] {
    return this.#raw;
  }

  async *events(signal: AbortSignal): AsyncGenerator<ChatEvent, void, undefined> {
    const { question, index } = this.#parts;
    const first = question.generate(index);
    yield* this.#run(first, signal);
    this.usage = first.usage;
    let { reason } = first;
    for (let asks = 0; asks < maxReasks && !signal.aborted; asks++) {
      const again = await this.#again(reason);
      if (again === undefined) break;
      yield* this.#run(again, signal);
      this.reaskUsage = addUsage(this.reaskUsage, again.usage);
      reason = again.reason;
    }
    if (signal.aborted) return;
    this.#conclude(reason);
    if (!this.#isStarted) yield this.#start();
    const finish = reason === 'length' ? 'length' : this.#guarantee.sentCalls > 0 ? 'tool_calls' : 'stop';
    yield { type: 'finish', reason: finish, choice: index };
  }

  /** Another attempt for what is missing; undefined if none is worth it, or none is possible. */
  async #again(reason: PieceEnd): Promise<Generation | undefined> {
    const { request, asker, index, maxTokens } = this.#parts;
    const used = this.usage.completionTokens + this.reaskUsage.completionTokens;
    const left = maxTokens === undefined ? undefined : maxTokens - used;
    if (left !== undefined && left <= 0) return undefined;
    const shortfall = this.#guarantee.takeShortfall(reason);
    if (shortfall === undefined) return undefined;
    try {
      const question = await asker.question(reaskRequest(request, shortfall, left));
      return question.generate(index);
    } catch (thrown) {
      // The complaint does not fit the context, or the template refuses it: the call is left out then.
      if (isAppError(thrown) && thrown.kind === 'request') return undefined;
      throw thrown;
    }
  }

  /** Runs one attempt through the guarantee; ends it early when the promise is kept. */
  async *#run(generation: Generation, signal: AbortSignal): AsyncGenerator<ChatEvent, void, undefined> {
    for await (const event of generation.events(signal)) {
      yield* this.#send(this.#guarantee.push(event));
      if (this.#guarantee.satisfied) {
        generation.stop();
        break;
      }
    }
    yield* this.#send(this.#guarantee.finish());
    this.warnings.push(...generation.warnings);
    if (generation.raw !== '') this.#raw.push(generation.raw);
  }

  *#send(events: readonly ParserEvent[]): Generator<ChatEvent, void, undefined> {
    for (const event of events) {
      if (event.type === 'text-delta') this.#foreign?.push(event.text);
      if (event.type === 'call-start') this.firstCallId ??= event.id;
      if (event.type === 'reasoning-delta' && this.reasoning.length <= maxKeptReasoning) this.reasoning += event.text;
      if (!this.#isStarted) yield this.#start();
      yield { ...event, choice: this.#parts.index };
    }
  }

  #start(): ChatEvent {
    this.#isStarted = true;
    return { type: 'start', id: this.#parts.id, choice: this.#parts.index };
  }

  /** Collects what could not be kept; throws if a call was demanded and none is valid. */
  #conclude(reason: PieceEnd): void {
    const unmet = this.#guarantee.conclude(reason);
    this.warnings.push(...this.#guarantee.warnings);
    const foreign = this.#foreign?.found;
    if (foreign !== undefined) this.warnings.push(foreignFormat(foreign, this.#parts.asker.format?.name ?? ''));
    if (unmet !== undefined) throw new OutputError('invalid_tool_call', unmet);
  }
}

function foreignFormat(foreign: string, own: string): Warning {
  const message = `The text looks like a tool call in the format '${foreign}', but this model is read as '${own}'.`;
  return { code: 'foreign_tool_format', message };
}
