/** Asks an engine that only speaks chat: natively where it knows tools, else through a prompted format. */

import { EngineError } from '../base/errors.ts';
import type { ChatEvent, ParserEvent, Usage } from '../chat/event.ts';
import type { Message } from '../chat/message.ts';
import type { PieceEnd } from '../chat/piece.ts';
import { promptText } from '../chat/prompt.ts';
import type { ChatRequest, Warning } from '../chat/request.ts';
import type { ChatClient } from '../engines/engine.ts';
import type { FormatParser } from '../formats/ask.ts';
import type { ToolFormat } from '../formats/format.ts';
import type { TemplateMessage } from '../template/rendering.ts';
import { AnswerReader, plainParser, type Reading } from './answer-reader.ts';
import { type Asker, type AskingTools, type Generation, type Question, seedOfChoice } from './asker.ts';
import { refuseHopeless } from './context-limit.ts';
import { noUsage } from './meter.ts';
import { foldIntoMessages } from './prepare.ts';
import { withPicturesOf } from './show-pictures.ts';
import type { TimeLimits } from './time-limits.ts';

/** The remote renders and parses by itself; whatever calls it makes are checked like any other. */
export function askChat(client: ChatClient, { limits }: Pick<AskingTools, 'limits'>): Asker {
  return {
    path: 'engine',
    question: async (request) => {
      refuseIfKnown(request, client);
      const generate = (choice: number) => new Conversation({ client, limits, request: forOneChoice(request, choice) });
      const warnings = request.output === undefined ? [] : [unchecked];
      return { tools: request.tools, isConstrained: false, relaxed: new Map(), warnings, generate };
    },
  };
}

const unchecked: Warning = {
  code: 'output_relaxed',
  message: 'The output schema is passed on to the engine, and nothing here checks what it makes of it.',
  param: 'response_format',
};

/** Tools, calls and results are written into the messages; the calls are read out of the text. */
export function askChatPrompted(client: ChatClient, tools: AskingTools, format: ToolFormat): Asker {
  return {
    path: 'prompted',
    format,
    question: async (request): Promise<Question> => {
      refuseIfKnown(request, client);
      const { messages, plan, tools: shown, warnings } = foldIntoMessages(request, format);
      const folded: ChatRequest = {
        ...request,
        messages: withPicturesOf(request.messages, messages.map(plainMessage)),
        tools: [],
        toolChoice: { type: 'none' },
      };
      const generate = (choice: number) =>
        new Conversation({
          client,
          limits: tools.limits,
          request: forOneChoice(folded, choice),
          parser: plan.parser(tools.newCallId),
        });
      return { tools: shown, isConstrained: false, relaxed: plan.relaxed, warnings, generate };
    },
  };
}

/** A remote that does not tell its context says itself what is too long. */
function refuseIfKnown(request: ChatRequest, { contextPerSlot }: ChatClient): void {
  if (contextPerSlot > 0) refuseHopeless(request, contextPerSlot);
}

/** Stop strings are ours to keep: a prompted format's calls may hold them. */
function forOneChoice(request: ChatRequest, choice: number): ChatRequest {
  const { seed } = request.sampling;
  const { choices: _, ...rest } = request;
  if (seed === undefined) return rest;
  return { ...rest, sampling: { ...request.sampling, seed: seedOfChoice(seed, choice) } };
}

function plainMessage(message: TemplateMessage, index: number): Message {
  const content = typeof message.content === 'string' ? message.content : promptText(message.content);
  const path = `messages[${index}]`;
  if (message.role === 'assistant') return { role: 'assistant', content, calls: [], path };
  if (message.role === 'system') return { role: 'system', content, path };
  return { role: 'user', content, path };
}

interface ConversationParts {
  readonly client: ChatClient;
  readonly limits: TimeLimits;
  readonly request: ChatRequest;
  /** Absent = the remote reads its model's calls by itself. */
  readonly parser?: FormatParser;
}

/** One answer of the remote. */
class Conversation implements Generation {
  reason: PieceEnd = 'stop';
  usage: Usage = noUsage;
  readonly warnings: Warning[] = [];
  readonly #client: ChatClient;
  readonly #request: ChatRequest;
  readonly #reader: AnswerReader;
  readonly #isNative: boolean;
  readonly #limits: TimeLimits;
  readonly #abort = new AbortController();

  constructor({ client, limits, request, parser }: ConversationParts) {
    this.#client = client;
    this.#limits = limits;
    this.#isNative = parser === undefined;
    this.#reader = new AnswerReader(parser ?? plainParser, {
      stop: request.stop,
      withLogprobs: request.sampling.topLogprobs !== undefined,
      keepsRaw: request.reportsRaw === true,
    });
    this.#request = this.#isNative ? request : { ...request, stop: [] };
  }

  get raw(): string {
    return this.#reader.raw;
  }

  stop(): void {
    this.#abort.abort();
  }

  async *events(signal: AbortSignal): AsyncGenerator<ParserEvent, void, undefined> {
    const both = AbortSignal.any([signal, this.#abort.signal]);
    let isFinished = false;
    const answer = this.#client.converse(this.#request, both);
    for await (const event of this.#limits.watch(answer, { begins: isAnswer, abort: () => this.stop() })) {
      if (event.type === 'error') throw event.error;
      if (event.type === 'usage') this.usage = event.usage;
      if (event.type === 'warning') this.warnings.push(event.warning);
      const { events, stopped } = this.#read(event);
      yield* events;
      isFinished ||= stopped || event.type === 'finish';
      if (stopped) break;
    }
    if (!isFinished && !signal.aborted) throw endedEarly();
  }

  /** Text goes through the reader; calls and reasoning that the remote tells apart are taken as they are. */
  #read(event: ChatEvent): Reading {
    switch (event.type) {
      case 'text-delta':
        return this.#reader.push({ text: event.text, tokens: 0, ...(event.logprobs && { logprobs: event.logprobs }) });
      case 'finish':
        this.reason = event.reason === 'length' ? 'length' : 'stop';
        return this.#reader.push({ text: '', tokens: 0, end: this.reason });
      case 'reasoning-delta':
        return { events: [event], stopped: false };
      case 'call-start':
      case 'call-delta':
      case 'call-end':
        return this.#isNative ? this.#reader.pass(event) : nothing;
      default:
        return nothing;
    }
  }
}

/** Some remotes send a beginning as soon as they are asked. */
function isAnswer({ type }: ChatEvent): boolean {
  return type !== 'start' && type !== 'progress' && type !== 'warning';
}

const nothing: Reading = { events: [], stopped: false };

function endedEarly(): EngineError {
  return new EngineError('engine_protocol', 'The engine ended its answer without saying why.');
}
