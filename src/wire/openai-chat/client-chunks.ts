/** Another server's answer, chunk by chunk, as the events of one choice. */

import { EngineError } from '../../base/errors.ts';
import { isDeeperThan, isObject, maxDepth } from '../../base/json.ts';
import type { ChatEvent, ChoiceEvent, FinishReason, ParserEvent, Usage } from '../../chat/event.ts';
import type { Warning } from '../../chat/request.ts';
import { type CallDelta, CallOrder } from './client-calls.ts';
import { brokenOff, findFailure } from './client-failure.ts';
import { readLogprobs } from './client-logprobs.ts';

/** What reading needs besides the chunks. */
export interface ReaderFacts {
  /** For people: whose failure it is. */
  readonly who: string;
  /** For calls whose server gives them no id. */
  readonly newCallId: () => string;
}

/** Reasons in the words of several servers; all others, and none at the end, are a `stop`. */
const reasons: ReadonlyMap<string, FinishReason> = new Map([
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['tool_use', 'tool_calls'],
  ['function_call', 'tool_calls'],
]);
/** The server gave up. */
const failures: ReadonlySet<string> = new Set(['error', 'abort', 'insufficient_system_resource']);
const filtered: Warning = {
  code: 'content_filtered',
  message: "The remote server's content filter ended or changed this answer.",
};

/**
 * Reads one answer: data by data, then `end`. Both throw EngineError where the server breaks off or sends what is no
 * chunk, and what a failure that it reports means; they never throw a Bug. Choices but the first are passed over.
 */
export class ChunkReader {
  readonly #facts: ReaderFacts;
  readonly #order: CallOrder;
  #id = '';
  #isStarted = false;
  #isDone = false;
  #reason: string | undefined;
  #isFiltered = false;
  #usage: Usage | undefined;

  constructor(facts: ReaderFacts) {
    this.#facts = facts;
    this.#order = new CallOrder(facts.newCallId);
  }

  /** Has the server said that nothing follows? */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** The data of one event; a whole body (of a server that does not stream) is taken as well. */
  push(data: string): ChatEvent[] {
    const text = data.trim();
    if (text === '' || this.#isDone) return [];
    if (text === '[DONE]') {
      this.#isDone = true;
      return [];
    }
    const chunk = this.#parse(text);
    const failure = findFailure(chunk);
    if (failure !== undefined) throw brokenOff(this.#facts.who, failure);
    this.#usage = readUsage(chunk['usage']) ?? this.#usage;
    this.#id ||= textOf(chunk['id']);
    const choices = Array.isArray(chunk['choices']) ? chunk['choices'] : [];
    const choice: unknown = choices.find((item) => isObject(item) && (item['index'] ?? 0) === 0);
    if (!isObject(choice)) return [];
    const events = this.#choice(choice);
    if (events.length === 0) return [];
    return this.#dressed(events);
  }

  /** The connection has ended: how the answer ends. */
  end(): ChatEvent[] {
    if (this.#reason === undefined && !this.#isDone)
      throw new EngineError('engine_crashed', `${this.#facts.who} broke off in the middle of its answer.`);
    const isCut = reasons.get(this.#reason ?? '') === 'length';
    const last = this.#order.end(isCut);
    const reason = isCut ? 'length' : this.#order.hasCalls ? 'tool_calls' : 'stop';
    const events = this.#dressed([...last, { type: 'finish', reason }]);
    if (this.#isFiltered) events.splice(-1, 0, { type: 'warning', warning: filtered });
    if (this.#usage !== undefined) events.push({ type: 'usage', usage: this.#usage });
    return events;
  }

  #parse(text: string): Record<string, unknown> {
    let chunk: unknown;
    try {
      chunk = JSON.parse(text);
    } catch (cause) {
      throw this.#garbled(text, cause);
    }
    if (!isObject(chunk) || isDeeperThan(chunk, maxDepth)) throw this.#garbled(text);
    return chunk;
  }

  #garbled(text: string, cause?: unknown): EngineError {
    const detail = { internal: text.slice(0, 500), ...(cause !== undefined && { cause }) };
    return new EngineError('engine_protocol', `${this.#facts.who} sent something that is no answer.`, detail);
  }

  #choice(choice: Record<string, unknown>): ParserEvent[] {
    const said = isObject(choice['delta']) ? choice['delta'] : choice['message'];
    const events = isObject(said) ? this.#said(said, choice['logprobs']) : [];
    const reason = textOf(choice['finish_reason']);
    if (failures.has(reason))
      throw new EngineError('engine_protocol', `${this.#facts.who} broke off its answer, and calls it '${reason}'.`);
    if (reason !== '') this.#reason = reason;
    this.#isFiltered ||= reason === 'content_filter';
    return events;
  }

  #said(delta: Record<string, unknown>, logprobs: unknown): ParserEvent[] {
    const events: ParserEvent[] = [];
    const { content } = delta;
    const reasoning =
      textOf(delta['reasoning_content']) || textOf(delta['reasoning']) || joinParts(content, 'thinking');
    if (reasoning !== '') events.push(...this.#order.text({ type: 'reasoning-delta', text: reasoning }));
    const text = (textOf(content) || joinParts(content, 'text')) + textOf(delta['refusal']);
    const drawn = readLogprobs(logprobs);
    if (text !== '')
      events.push(...this.#order.text({ type: 'text-delta', text, ...(drawn.length > 0 && { logprobs: drawn }) }));
    for (const call of readCalls(delta)) events.push(...this.#order.call(call));
    return events;
  }

  /** The first event starts the choice. */
  #dressed(events: readonly ChoiceEvent[]): ChatEvent[] {
    const begun: ChatEvent[] = this.#isStarted ? [] : [{ type: 'start', id: this.#id, choice: 0 }];
    this.#isStarted = true;
    return [...begun, ...events.map((event) => ({ ...event, choice: 0 }))];
  }
}

/** `function_call` is what `tool_calls` was once: one call. */
function readCalls(delta: Record<string, unknown>): readonly CallDelta[] {
  const listed = delta['tool_calls'];
  if (Array.isArray(listed)) return listed.filter(isObject).map(readCall);
  const legacy = delta['function_call'];
  return isObject(legacy) ? [{ ...readCall({ function: legacy }), index: 0 }] : [];
}

function readCall({ index, id, function: called }: Record<string, unknown>): CallDelta {
  const { name, arguments: text } = isObject(called) ? called : {};
  return {
    ...(typeof index === 'number' && Number.isSafeInteger(index) && { index }),
    id: textOf(id),
    name: textOf(name),
    // Some servers send the object itself.
    arguments: isObject(text) ? JSON.stringify(text) : textOf(text),
  };
}

/** Of content in parts: the texts of one kind, also where they are parts again. */
function joinParts(content: unknown, kind: 'text' | 'thinking'): string {
  if (!Array.isArray(content)) return '';
  return content
    .filter((part) => isObject(part) && part['type'] === kind)
    .map((part) => textOf(part[kind]) || joinParts(part[kind], 'text'))
    .join('');
}

/** Some servers count in every chunk: the last says it all. */
function readUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined;
  const details = isObject(usage['prompt_tokens_details']) ? usage['prompt_tokens_details'] : {};
  return {
    promptTokens: countOf(usage['prompt_tokens']),
    completionTokens: countOf(usage['completion_tokens']),
    cachedTokens: countOf(details['cached_tokens'] ?? usage['prompt_cache_hit_tokens']),
  };
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
