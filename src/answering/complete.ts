/** One request's way from question to answer; reads like the list admit, route, prompt, guarantee, meter. */

import { setMaxListeners } from 'node:events';
import type { Clock, RandomHex } from '../base/clock.ts';
import { type AppError, LimitError, RequestError, toAppError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ChatEvent, Report, Usage } from '../chat/event.ts';
import type { ChatRequest, Warning } from '../chat/request.ts';
import type { Trace } from '../chat/trace.ts';
import type { Candidate, Outcome, Roster } from '../engines/roster.ts';
import { type Deployment, servedNames } from '../fleet/deployment.ts';
import { checkSchema } from '../schema/check-schema.ts';
import type { Ticket } from './admission.ts';
import { affinityOf } from './affinity.ts';
import { Choice } from './choice.ts';
import { type Asked, chooseAsker } from './choose-asker.ts';
import { withDefaults } from './deployment-defaults.ts';
import { PlaceSearch } from './find-place.ts';
import { mergeStreams } from './merge-streams.ts';
import { addUsage, noUsage } from './meter.ts';
import type { ModelProfile } from './model-profile.ts';
import { ReasoningMemory } from './reasoning-memory.ts';
import { TimeLimits } from './time-limits.ts';

/**
 * Answers a request as a stream in the order that `chat/fold.ts` owns. Never throws: every failure is the last
 * event, `error`. Aborting `signal` ends the stream and frees the engine.
 */
export type Complete = (request: ChatRequest, signal: AbortSignal, company?: Company) => AsyncIterable<ChatEvent>;

/** Who goes along with a request and is told of its way. */
export interface Company {
  readonly trace?: Trace;
  /** Absent = no deployment's limits count. */
  readonly ticket?: Pick<Ticket, 'move'>;
}

/** What answering needs of the world. */
export interface AnsweringWorld {
  readonly roster: Roster;
  /** The profile of the model that a ready instance serves. */
  readonly profile: (candidate: Candidate) => ModelProfile;
  readonly clock: Clock;
  readonly randomHex: RandomHex;
  readonly log: Log;
  /** May pictures be fetched from this address's host? Absent = from none. */
  readonly isListed?: (url: URL) => boolean;
  /** Requests that may be under way at once, the waiting ones included. */
  readonly maxRequests: number;
}

/** Builds the answer function. */
export function createComplete(world: AnsweringWorld): Complete {
  const memory = new ReasoningMemory(world.clock);
  let running = 0;
  return async function* complete(request, signal, company = {}) {
    const { trace } = company;
    running++;
    try {
      if (running > world.maxRequests) throw queueFull(world.maxRequests);
      const answer = new Answer({ world, memory, request, company });
      for await (const event of answer.events(signal)) {
        trace?.event(event);
        yield event;
      }
    } catch (thrown) {
      if (signal.aborted) return;
      const error = toAppError(thrown);
      if (error.kind === 'bug') world.log.error({ err: thrown }, 'a request failed by our own fault');
      trace?.event({ type: 'error', error });
      yield { type: 'error', error };
    } finally {
      running--;
    }
  };
}

interface AnswerParts {
  readonly world: AnsweringWorld;
  readonly memory: ReasoningMemory;
  readonly request: ChatRequest;
  readonly company: Company;
}

/** One answer: its choices, independent of each other, as one stream. */
class Answer {
  readonly #world: AnsweringWorld;
  readonly #memory: ReasoningMemory;
  readonly #request: ChatRequest;
  readonly #company: Company;
  readonly #said = new Set<string>();

  constructor({ world, memory, request, company }: AnswerParts) {
    this.#world = world;
    this.#memory = memory;
    this.#request = request;
    this.#company = company;
  }

  async *events(signal: AbortSignal): AsyncGenerator<ChatEvent, void, undefined> {
    const { roster, clock } = this.#world;
    const request = this.#request;
    const affinity = affinityOf(request);
    const deployments = route(request.model, affinity, roster);
    checkSchemas(request);
    const { caller } = request;
    const wish = { affinity, ...(caller !== undefined && { caller }) };
    const { ticket } = this.#company;
    const search = new PlaceSearch({ roster, deployments, wish, ...(ticket && { ticket }) });
    const askedMs = clock.nowMs();
    for (;;) {
      const candidate = yield* search.next(signal);
      const queueMs = Math.round(clock.nowMs() - askedMs);
      const failure = yield* this.#try(candidate, queueMs, signal);
      if (failure === undefined) return;
      if (!search.mayGoOn(candidate, failure)) throw failure;
    }
  }

  /** The failure, where nothing of the answer was sent before it: somebody else may be asked then. */
  async *#try(
    candidate: Candidate,
    queueMs: number,
    signal: AbortSignal,
  ): AsyncGenerator<ChatEvent, AppError | undefined, undefined> {
    let hasBegun = false;
    let outcome: Outcome | undefined;
    try {
      for await (const event of this.#answer(candidate, queueMs, signal)) {
        hasBegun ||= 'choice' in event;
        if (event.type !== 'warning' || this.#isNews(event.warning)) yield event;
      }
      if (!signal.aborted) outcome = 'answered';
      return undefined;
    } catch (thrown) {
      const error = toAppError(thrown);
      if (!signal.aborted) outcome = error;
      if (hasBegun || signal.aborted) throw thrown;
      return error;
    } finally {
      candidate.release(outcome);
    }
  }

  async *#answer(
    candidate: Candidate,
    queueMs: number,
    signal: AbortSignal,
  ): AsyncGenerator<ChatEvent, void, undefined> {
    const ending = new AbortController();
    const both = AbortSignal.any([signal, ending.signal]);
    // Each choice listens to it; many are no leak.
    setMaxListeners(0, both);
    const asked = await this.#ask(candidate, this.#world.profile(candidate), both);
    for (const warning of asked.warnings) yield { type: 'warning', warning };
    yield { type: 'progress', stage: 'prefill' };

    const choices = this.#choices(asked, candidate);
    const streams = choices.map((choice) => choice.events(both));
    yield* withWarnings(
      mergeStreams(streams, () => ending.abort()),
      () => choices.flatMap(({ warnings }) => warnings),
    );
    if (signal.aborted) return;
    for (const choice of choices)
      if (choice.firstCallId !== undefined) this.#memory.remember(this.#request, choice.firstCallId, choice.reasoning);
    yield { type: 'usage', usage: totalUsage(choices, this.#request.choices ?? 1) };
    const deployment = candidate.deployment.name;
    yield { type: 'report', report: this.#report({ asked, choices, deployment, queueMs }) };
  }

  /** Each warning is told once, however many replicas have to give it. */
  #isNews({ code, message }: Warning): boolean {
    const words = `${code}\n${message}`;
    if (this.#said.has(words)) return false;
    this.#said.add(words);
    return true;
  }

  async #ask(candidate: Candidate, profile: ModelProfile, signal: AbortSignal): Promise<Asked> {
    const world = this.#world;
    const tools = {
      newCallId: () => `chatcmpl-tool-${world.randomHex(16)}`,
      now: () => new Date(world.clock.unixSeconds() * 1000),
      limits: new TimeLimits(candidate.deployment.timeouts, world.clock, signal),
    };
    const { trace } = this.#company;
    return chooseAsker({
      candidate,
      profile,
      request: withDefaults(this.#request, candidate.deployment),
      memory: this.#memory,
      tools,
      isListed: this.#world.isListed ?? (() => false),
      ...(trace && { trace }),
    });
  }

  /** `choices` of them for each question. */
  #choices({ asker, request, questions }: Asked, { deployment }: Candidate): readonly Choice[] {
    const perQuestion = request.choices ?? 1;
    const id = `chatcmpl-${this.#world.randomHex(16)}`;
    const level = request.guarantee ?? deployment.guarantee ?? 'enforce';
    const { maxTokens } = request.sampling;
    return questions.flatMap((question, place) =>
      Array.from({ length: perQuestion }, (_, number) => {
        const index = place * perQuestion + number;
        return new Choice({ id, index, request, level, asker, question, maxTokens });
      }),
    );
  }

  #report({ asked, choices, deployment, queueMs }: Finished): Report {
    const { path, format } = asked.asker;
    const raw = choices.flatMap((choice) => choice.raw).join('\n\n');
    return { format: format?.name ?? 'none', path, deployment, queueMs, ...(this.#request.reportsRaw && { raw }) };
  }
}

interface Finished {
  readonly asked: Asked;
  readonly choices: readonly Choice[];
  readonly deployment: string;
  readonly queueMs: number;
}

/** All events, and the warnings before the answer ends or fails. */
async function* withWarnings(
  events: AsyncIterable<ChatEvent>,
  warnings: () => readonly Warning[],
): AsyncGenerator<ChatEvent, void, undefined> {
  let failure: { readonly thrown: unknown } | undefined;
  try {
    yield* events;
  } catch (thrown) {
    failure = { thrown };
  }
  for (const warning of warnings()) yield { type: 'warning', warning };
  if (failure !== undefined) throw failure.thrown;
}

/** What all choices cost; a prompt that several choices share was read once. */
function totalUsage(choices: readonly Choice[], perQuestion: number): Usage {
  return choices.reduce((sum, { usage, reaskUsage }, index) => {
    const isShared = index % perQuestion > 0;
    const first = isShared ? { ...noUsage, completionTokens: usage.completionTokens } : usage;
    return addUsage(sum, addUsage(first, reaskUsage));
  }, noUsage);
}

/** Those that may answer; throws where there is none. */
function route(model: string, affinity: string, roster: Roster): readonly Deployment[] {
  const deployments = roster.behind(model, affinity);
  if (deployments.length > 0) return deployments;
  const served = roster.deployments().flatMap((item) => servedNames(item).map((name) => `'${name}'`));
  const message = `The model '${model}' does not exist here. Served: ${served.length === 0 ? 'none' : served.join(', ')}.`;
  throw new RequestError('model_not_found', message, { param: 'model' });
}

function checkSchemas({ tools, output }: ChatRequest): void {
  for (const tool of tools) checkSchema(tool.parameters, tool.path);
  if (output?.type === 'json_schema') checkSchema(output.schema, output.path);
}

function queueFull(limit: number): LimitError {
  return new LimitError('rate_limited', `${limit} requests are under way already; try again in a moment.`, {
    retryAfter: 1,
  });
}
