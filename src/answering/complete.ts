/** One request's way from question to answer; reads like the list admit, route, prompt, guarantee, meter. */

import type { Clock, RandomHex } from '../base/clock.ts';
import { LimitError, OutputError, RequestError, toAppError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ChatEvent, ParserEvent, Report } from '../chat/event.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { Trace } from '../chat/trace.ts';
import type { Candidate, Roster } from '../engines/roster.ts';
import type { Deployment } from '../fleet/deployment.ts';
import { checkSchema } from '../schema/check-schema.ts';
import { Attempt } from './attempt.ts';
import { refuseHopeless } from './context-limit.ts';
import { Guarantee } from './guarantee.ts';
import { addUsage } from './meter.ts';
import type { ModelProfile } from './model-profile.ts';
import { type Prepared, prepare } from './prepare.ts';
import { reaskRequest } from './reask.ts';

/**
 * Answers a request as a stream in the order that `chat/fold.ts` owns. Never throws: every failure is the last
 * event, `error`. Aborting `signal` ends the stream and frees the engine.
 */
export type Complete = (request: ChatRequest, signal: AbortSignal, trace?: Trace) => AsyncIterable<ChatEvent>;

/** What answering needs of the world. */
export interface AnsweringWorld {
  readonly roster: Roster;
  /** The profile of a deployment's model, worked out when it was declared. */
  readonly profile: (deployment: Deployment) => ModelProfile;
  readonly clock: Clock;
  readonly randomHex: RandomHex;
  readonly log: Log;
  /** Requests that may be under way at once, the waiting ones included. */
  readonly maxRequests: number;
}

/** How often one withheld call is asked for again. */
const maxReasks = 1;

/** Builds the answer function. */
export function createComplete(world: AnsweringWorld): Complete {
  let running = 0;
  return async function* complete(request, signal, trace) {
    running++;
    try {
      if (running > world.maxRequests) throw queueFull(world.maxRequests);
      for await (const event of new Answer(world, request, signal, trace).events()) {
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

/** One answer: at most `1 + maxReasks` attempts, one stream. */
class Answer {
  readonly #world: AnsweringWorld;
  readonly #request: ChatRequest;
  readonly #signal: AbortSignal;
  readonly #trace: Trace | undefined;
  readonly #id: string;
  #started = false;

  constructor(world: AnsweringWorld, request: ChatRequest, signal: AbortSignal, trace?: Trace) {
    this.#world = world;
    this.#request = request;
    this.#signal = signal;
    this.#trace = trace;
    this.#id = `chatcmpl-${world.randomHex(16)}`;
  }

  async *events(): AsyncGenerator<ChatEvent, void, undefined> {
    const deployment = route(this.#request.model, this.#world.roster);
    const profile = this.#world.profile(deployment);
    checkSchemas(this.#request);
    const asked = this.#world.clock.nowMs();
    const candidate = await this.#world.roster.acquire(deployment, this.#signal);
    const queueMs = Math.round(this.#world.clock.nowMs() - asked);
    refuseHopeless(this.#request, candidate.client.contextPerSlot);
    const prepared = prepare(this.#request, profile, this.#now());
    for (const warning of prepared.warnings) yield { type: 'warning', warning };

    const guarantee = this.#promise(prepared, candidate, profile);
    const attempt = this.#attempt(prepared, candidate, this.#request);
    yield* this.#run(attempt, guarantee);
    let { usage } = attempt;
    const { reason } = attempt;
    for (let asks = 0; asks < maxReasks && guarantee.mustAskAgain(reason); asks++) {
      const again = reaskRequest(this.#request, guarantee.takeBroken());
      const repeated = this.#attempt(prepare(again, profile, this.#now()), candidate, again);
      yield* this.#run(repeated, guarantee);
      usage = addUsage(usage, repeated.usage);
    }
    if (this.#signal.aborted) return;
    const unmet = guarantee.conclude(reason);
    for (const warning of guarantee.warnings) yield { type: 'warning', warning };
    if (unmet !== undefined) throw new OutputError('invalid_tool_call', unmet);
    if (!this.#started) yield this.#start();
    const finish = reason === 'length' ? 'length' : guarantee.sentCalls > 0 ? 'tool_calls' : 'stop';
    yield { type: 'finish', reason: finish, choice: 0 };
    yield { type: 'usage', usage };
    yield { type: 'report', report: report(profile, queueMs) };
  }

  #now(): Date {
    return new Date(this.#world.clock.unixSeconds() * 1000);
  }

  #promise(prepared: Prepared, candidate: Candidate, { format }: ModelProfile): Guarantee {
    return new Guarantee({
      level: this.#request.guarantee ?? 'enforce',
      tools: prepared.tools,
      choice: this.#request.toolChoice,
      parallel: this.#request.parallelCalls,
      constrained: candidate.client.abilities.wholeGrammar,
      relaxed: prepared.plan.relaxed,
      endsAtRepeat: format.endsAtRepeat ?? false,
    });
  }

  #attempt(prepared: Prepared, candidate: Candidate, request: ChatRequest): Attempt {
    const newCallId = () => `chatcmpl-tool-${this.#world.randomHex(16)}`;
    return new Attempt({ prepared, candidate, request, newCallId, ...(this.#trace && { trace: this.#trace }) });
  }

  /** Runs one attempt through the guarantee; ends it early when the promise is kept. */
  async *#run(attempt: Attempt, guarantee: Guarantee): AsyncGenerator<ChatEvent, void, undefined> {
    for await (const event of attempt.events(this.#signal)) {
      yield* this.#send(guarantee.push(event));
      if (guarantee.satisfied) {
        attempt.stop();
        break;
      }
    }
    yield* this.#send(guarantee.finish());
  }

  *#send(events: readonly ParserEvent[]): Generator<ChatEvent, void, undefined> {
    for (const event of events) {
      if (!this.#started) yield this.#start();
      yield { ...event, choice: 0 };
    }
  }

  #start(): ChatEvent {
    this.#started = true;
    return { type: 'start', id: this.#id, choice: 0 };
  }
}

function route(model: string, roster: Roster): Deployment {
  const deployment = roster.find(model);
  if (deployment !== undefined) return deployment;
  const served = roster.deployments().flatMap((item) => item.names.map((name) => `'${name}'`));
  const message = `The model '${model}' does not exist here. Served: ${served.join(', ')}.`;
  throw new RequestError('model_not_found', message, { param: 'model' });
}

function checkSchemas({ tools, output }: ChatRequest): void {
  for (const tool of tools) checkSchema(tool.parameters, tool.path);
  if (output?.type === 'json_schema') checkSchema(output.schema, output.path);
}

function report(profile: ModelProfile, queueMs: number): Report {
  return { format: profile.format.name, path: profile.format.kind, queueMs };
}

function queueFull(limit: number): LimitError {
  return new LimitError('rate_limited', `${limit} requests are under way already; try again in a moment.`, {
    retryAfter: 1,
  });
}
