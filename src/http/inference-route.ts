/** One question over HTTP: decode, ask, and send the answer whole or as it comes. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Ticket } from '../answering/admission.ts';
import { metered } from '../answering/admission-metered.ts';
import type { Complete } from '../answering/complete.ts';
import type { Meter, Metering } from '../answering/usage-meter.ts';
import type { Clock } from '../base/clock.ts';
import { type AppError, Bug, toAppError, UnavailableError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ChatEvent } from '../chat/event.ts';
import { Folder } from '../chat/fold.ts';
import type { ChatRequest, Warning } from '../chat/request.ts';
import { type Caller, callerName } from '../fleet/caller.ts';
import type { Decoded, Protocol } from '../wire/protocol.ts';
import { readJsonBody } from './body.ts';
import { dialectsOf } from './dialects.ts';
import { sendFailure } from './errors.ts';
import type { Flight, InFlight } from './in-flight.ts';
import type { HttpLimits } from './limits.ts';
import { withTrace } from './shown-trace.ts';
import { StreamReply, settledWithin } from './stream-reply.ts';
import { readWishes } from './wishes.ts';

/** What answering needs besides the request. */
export interface InferenceContext {
  readonly complete: Complete;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: HttpLimits;
  readonly inFlight: InFlight;
  readonly door: Door;
  readonly callerOf: (request: FastifyRequest) => Caller;
  readonly observe?: Observe;
  readonly meter?: Meter;
}

/** Watches an answer go by: the same events, looked at. */
export type Observe = (
  request: Pick<ChatRequest, 'model' | 'warnings'>,
  events: AsyncIterable<ChatEvent>,
) => AsyncIterable<ChatEvent>;

/** Lets a caller's request in, or says why not: which models they may use, and how much of them. */
export interface Door {
  /** Throws RequestError `model_not_found` and LimitError. */
  admit(caller: Caller, request: ChatRequest): Ticket;
  /** What a refused caller is told of their limits. */
  headers(caller: Caller, request: ChatRequest): Readonly<Record<string, string>>;
}

/** The handler of one protocol's path. */
export function inferenceRoute(protocol: Protocol, context: InferenceContext) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const visitor = { caller: context.callerOf(request), userAgent: request.headers['user-agent'] };
    let read: Read | undefined;
    let ticket: Ticket;
    try {
      read = understand(protocol, context, request);
      ticket = letIn(read, context, reply);
    } catch (thrown) {
      const error = toAppError(thrown);
      context.meter?.refused(visitor, error, read?.decoded.request.model);
      new Answer({ protocol, context, reply }).refuse(error);
      return;
    }
    const { decoded, body, wantsTrace } = read;
    const { observe = (_wanted, events) => events, meter } = context;
    const complete: Complete = (wanted, signal) => {
      const dialects = dialectsOf(body, decoded.reply);
      const visit = { ...visitor, request: wanted, dialects, body, ticket };
      const metering: Metering = meter?.begin(visit) ?? { watch: (events) => metered(events, ticket) };
      const { trace, shown } = metering;
      const events = metering.watch(context.complete(wanted, signal, { ticket, ...(trace && { trace }) }));
      return observe(wanted, wantsTrace ? withTrace(events, shown) : events);
    };
    const flight = context.inFlight.enter();
    // Fires after a whole answer too, when aborting changes nothing.
    reply.raw.once('close', () => flight.abort());
    try {
      const answer = new Answer({ protocol, context: { ...context, complete }, reply });
      await (decoded.reply.stream ? answer.stream(decoded, flight) : answer.whole(decoded, flight));
    } finally {
      flight.leave();
      // An answer that nobody began to read releases nothing by itself.
      ticket.release();
    }
  };
}

/** A request that was understood. */
interface Read {
  readonly caller: Caller;
  readonly body: unknown;
  readonly decoded: Decoded;
  readonly wantsTrace: boolean;
}

/** Throws what is wrong with it. */
function understand(protocol: Protocol, context: InferenceContext, request: FastifyRequest): Read {
  const { trace: wantsTrace = false, ...wishes } = readWishes(request.headers);
  const body = readJsonBody(request.body, request.headers['content-encoding']);
  const decoded = protocol.decode(body, { created: context.clock.unixSeconds(), ...wishes });
  const caller = context.callerOf(request);
  const named = { ...decoded.request, caller: callerName(caller) };
  return { caller, body, decoded: { ...decoded, request: named }, wantsTrace };
}

/** Asks whether its caller may; throws what to refuse it with. */
function letIn({ caller, decoded }: Read, { door }: InferenceContext, reply: FastifyReply): Ticket {
  try {
    const ticket = door.admit(caller, decoded.request);
    reply.headers(ticket.headers);
    return ticket;
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.kind === 'limit') reply.headers(door.headers(caller, decoded.request));
    throw error;
  }
}

interface AnswerParts {
  readonly protocol: Protocol;
  readonly context: InferenceContext;
  readonly reply: FastifyReply;
}

/** One answer on its way out. */
class Answer {
  readonly #protocol: Protocol;
  readonly #context: InferenceContext;
  readonly #reply: FastifyReply;

  constructor({ protocol, context, reply }: AnswerParts) {
    this.#protocol = protocol;
    this.#context = context;
    this.#reply = reply;
  }

  async whole({ request, reply }: Decoded, flight: Flight): Promise<void> {
    const folder = new Folder();
    const events = eventsOf(this.#context.complete, request, flight);
    for await (const event of events) folder.add(event);
    if (this.#isGone()) return;
    const answer = folder.result();
    if (answer.error !== undefined) return this.refuse(answer.error);
    this.#warn([...request.warnings, ...answer.warnings]);
    const body = JSON.stringify(this.#protocol.body(answer, reply));
    this.#reply.type('application/json; charset=utf-8').header('cache-control', 'no-store').send(body);
    await settledWithin(this.#reply.raw, 'finish', this.#context.limits.stallMs);
  }

  async stream({ request, reply }: Decoded, flight: Flight): Promise<void> {
    const stream = new StreamReply(this.#reply, this.#context.limits);
    const encoder = this.#protocol.frames(reply);
    const warnings: Warning[] = [...request.warnings];
    let progress = '';
    const open = (): void => {
      if (stream.isOpen || this.#isGone()) return;
      this.#warn(warnings);
      stream.open();
    };
    const openEarly = (): void => {
      if (stream.isOpen) return;
      open();
      // What it waits for is told at once, and not only when that changes.
      if (stream.isOpen && progress !== '') void stream.write(progress);
    };
    const early = setTimeout(openEarly, this.#context.limits.headersAfterMs);
    try {
      for await (const event of eventsOf(this.#context.complete, request, flight)) {
        if (event.type === 'warning') warnings.push(event.warning);
        if (event.type === 'error') {
          if (!stream.isOpen) return this.refuse(event.error);
          this.#note(event.error);
          return await stream.end(encoder.encode(event));
        }
        if (opensStream(event)) open();
        const frame = encoder.encode(event);
        if (event.type === 'progress') progress = frame;
        if (frame !== '' && stream.isOpen) await stream.write(frame);
      }
      await stream.end(encoder.end());
    } finally {
      clearTimeout(early);
    }
  }

  /** An error while no header is out. */
  refuse(error: AppError): void {
    if (this.#isGone()) return;
    this.#note(error);
    sendFailure(this.#reply, error, this.#protocol.failure);
  }

  /** Nobody is left to answer; the framework must not try. */
  #isGone(): boolean {
    if (!this.#reply.raw.destroyed) return false;
    if (!this.#reply.sent) this.#reply.hijack();
    return true;
  }

  /** Says by header what is known before the first byte. */
  #warn(warnings: readonly Warning[]): void {
    const codes = new Set(warnings.map((warning) => warning.code));
    if (codes.size > 0) this.#reply.header('x-aimindserve-warnings', [...codes].join(','));
  }

  #note(error: AppError): void {
    const { log } = this.#context;
    const fields = { requestId: this.#reply.getHeader('x-request-id'), code: error.code };
    const told = { ...fields, internal: error.detail.internal, err: error };
    if (error.kind === 'bug') log.error(told, error.message);
    else if (error.kind === 'engine') log.warn(told, error.message);
    // Its message quotes what the model wrote and what the tools are called.
    else if (error.kind === 'output') log.warn(fields, 'the model did not keep what was promised');
  }
}

function opensStream({ type }: ChatEvent): boolean {
  return type === 'reasoning-delta' || type === 'text-delta' || type === 'call-start' || type === 'finish';
}

/** The answer's events, held to their promise: they end with `finish` and what follows it, or with an `error`. */
async function* eventsOf(complete: Complete, request: ChatRequest, flight: Flight): AsyncGenerator<ChatEvent> {
  let isFinished = false;
  try {
    for await (const event of complete(request, flight.signal)) {
      yield event;
      if (event.type === 'error') return;
      if (event.type === 'finish') isFinished = true;
    }
  } catch (thrown) {
    yield { type: 'error', error: toAppError(thrown) };
    return;
  }
  if (flight.isCutShort)
    yield { type: 'error', error: new UnavailableError('shutting_down', 'The server is shutting down.') };
  else if (!isFinished && !flight.signal.aborted)
    yield { type: 'error', error: new Bug('the answer ended without a finish') };
}
