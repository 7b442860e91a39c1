/** Who asks, and one line in the log for each request. */

import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../base/clock.ts';
import { Bug } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Caller, callerName } from '../fleet/caller.ts';
import type { Authenticate } from './accounts/authenticate.ts';

/** Who asks, remembered for each request: for its route, and for the log. */
export class Callers {
  readonly #ask: Authenticate;
  /** A request's headers are one object for as long as it lives. */
  readonly #known = new WeakMap<IncomingHttpHeaders, Caller>();

  constructor(ask: Authenticate) {
    this.#ask = ask;
  }

  readonly authenticate: Authenticate = async (presented) => {
    const caller = await this.#ask(presented);
    this.#known.set(presented.headers, caller);
    return caller;
  };

  of({ headers }: FastifyRequest): Caller {
    const caller = this.#known.get(headers);
    if (caller === undefined) throw new Bug('nobody asked who a request comes from');
    return caller;
  }

  /** Never a key, nor what is made of one. */
  idOf({ headers }: FastifyRequest): string | undefined {
    const caller = this.#known.get(headers);
    return caller?.kind === 'flag' ? 'flag' : caller && callerName(caller);
  }
}

interface LogParts {
  readonly log: Log;
  readonly clock: Clock;
  /** Supervisors ask for these every few seconds; their questions are no news. */
  readonly quietPaths: ReadonlySet<string>;
}

/** One request and who sent it. */
interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly callers: Callers;
}

/** One line for each request: who, from where, what, and how it ended; nothing of what was said. */
export function logWhenClosed({ request, reply, callers }: Exchange, { log, clock, quietPaths }: LogParts): void {
  const startMs = clock.nowMs();
  const { method, ip: address } = request;
  reply.raw.once('close', () => {
    const { url: template } = request.routeOptions;
    // Paths may hold names of things; only one that leads nowhere is told, because somebody looks for what is wrong.
    const route = template ?? pathOf(request);
    const who = { requestId: reply.getHeader('x-request-id'), callerId: callers.idOf(request), address };
    const how = { status: reply.raw.statusCode, isWhole: reply.raw.writableFinished };
    const fields = { ...who, method, route, ...how, ms: Math.round(clock.nowMs() - startMs) };
    if (quietPaths.has(template ?? '')) log.debug(fields, `${method} ${route}`);
    else log.info(fields, `${method} ${route}`);
  });
}

/** The path alone: a query may hold secrets, and may be long. */
export function pathOf(request: FastifyRequest): string {
  return (request.url.split('?', 1)[0] ?? '').slice(0, 200);
}
