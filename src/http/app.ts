/** The HTTP server: its routes, who may use them, and how it starts and stops. */

import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Complete } from '../answering/complete.ts';
import { type Clock, randomHex } from '../base/clock.ts';
import { Bug, RequestError, UnavailableError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Caller } from '../fleet/caller.ts';
import { openaiChat } from '../wire/openai-chat/protocol.ts';
import type { Protocol } from '../wire/protocol.ts';
import type { Authenticate } from './accounts/authenticate.ts';
import { sendFailure, toHttpError } from './errors.ts';
import { healthRoutes, openPaths } from './health-routes.ts';
import { InFlight } from './in-flight.ts';
import { type Door, inferenceRoute } from './inference-route.ts';
import type { HttpLimits } from './limits.ts';
import { type ModelsView, modelRoutes } from './model-routes.ts';
import { only } from './only.ts';

/** Everything the server is made of. */
export interface HttpOptions {
  readonly complete: Complete;
  readonly protocols: readonly Protocol[];
  readonly models: ModelsView;
  /** Says who asks for a model. */
  readonly authenticate: Authenticate;
  readonly door: Door;
  /** Puts further routes on the server, which look after their own callers: everything below `/api/`. */
  readonly addRoutes?: (app: FastifyInstance) => void;
  readonly log: Log;
  readonly clock: Clock;
  readonly limits: HttpLimits;
}

/** A server that can be started and stopped. */
export interface HttpApp {
  /** The port it got (`port` may be 0). Rejects with the system's error, e.g. `EADDRINUSE`. */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>;
  /** Takes no new requests, gives the running ones `graceMs`, then closes every connection. */
  close(graceMs: number): Promise<void>;
}

/** The second seed's base path and everybody else's. */
const prefixes = ['/v1', '/v1-openai'];

/** Makes the server; nothing listens yet. */
export function createHttpApp(options: HttpOptions): HttpApp {
  const inFlight = new InFlight();
  const callers = new WeakMap<FastifyRequest, Caller>();
  const app = createFastify(options.limits);
  addHooks(app, options, { inFlight, callers });
  healthRoutes(app, options.models, inFlight);
  const callerOf = (request: FastifyRequest): Caller => {
    const caller = callers.get(request);
    if (caller === undefined) throw new Bug('nobody asked who a request comes from');
    return caller;
  };
  for (const prefix of prefixes) {
    modelRoutes(app, prefix, { models: options.models, callerOf });
    for (const protocol of options.protocols)
      only(app, 'POST', prefix + protocol.path, inferenceRoute(protocol, { ...options, inFlight, callerOf }));
  }
  options.addRoutes?.(app);
  return {
    async listen(address) {
      await app.listen(address);
      const bound = app.server.address();
      return typeof bound === 'object' && bound !== null ? bound.port : address.port;
    },
    async close(graceMs) {
      await inFlight.drain(graceMs);
      await app.close();
    },
  };
}

function createFastify(limits: HttpLimits): FastifyInstance {
  const app = Fastify({
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    forceCloseConnections: true,
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: 1_024 },
    frameworkErrors: (error, _request, reply) => {
      sendFailure(reply, toHttpError(error));
    },
    clientErrorHandler: refuseGarbage,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  return app;
}

interface HookParts {
  readonly inFlight: InFlight;
  /** Filled here, for the routes. */
  readonly callers: WeakMap<FastifyRequest, Caller>;
}

function addHooks(app: FastifyInstance, options: HttpOptions, { inFlight, callers }: HookParts): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', `req_${randomHex(16)}`);
    logWhenClosed(request, reply, options);
    // The body is JSON or it is not; what the client calls it (curl's default is a form) says nothing.
    request.headers['content-type'] = 'application/json';
    const path = request.routeOptions.url ?? '';
    if (!openPaths.has(path)) {
      if (inFlight.isDraining) throw shuttingDown(reply);
      const { headers, method } = request;
      const isOurs = !path.startsWith('/api/');
      if (isOurs) callers.set(request, await options.authenticate({ headers, method, realm: 'inference' }));
    }
  });
  app.setNotFoundHandler((request, reply) => {
    const message = `There is nothing at '${request.method} ${pathOf(request)}'.`;
    sendFailure(reply, new RequestError('not_found', message));
  });
  app.setErrorHandler((thrown, _request, reply) => {
    const error = toHttpError(thrown);
    const requestId = reply.getHeader('x-request-id');
    if (error.kind === 'bug') options.log.error({ requestId, err: error }, error.message);
    sendFailure(reply, error);
  });
}

function shuttingDown(reply: FastifyReply): UnavailableError {
  reply.header('connection', 'close');
  return new UnavailableError('shutting_down', 'The server is shutting down.');
}

function logWhenClosed(request: FastifyRequest, reply: FastifyReply, { log, clock }: HttpOptions): void {
  const startMs = clock.nowMs();
  const label = `${request.method} ${pathOf(request)}`;
  reply.raw.once('close', () => {
    const isWhole = reply.raw.writableFinished;
    const fields = { requestId: reply.getHeader('x-request-id'), status: reply.raw.statusCode, isWhole };
    const timed = { ...fields, ms: Math.round(clock.nowMs() - startMs) };
    // Supervisors ask every few seconds; their questions are no news.
    if (openPaths.has(request.routeOptions.url ?? '')) log.debug(timed, label);
    else log.info(timed, label);
  });
}

/** The path alone: a query may hold secrets, and may be long. */
function pathOf(request: FastifyRequest): string {
  return (request.url.split('?', 1)[0] ?? '').slice(0, 200);
}

/** Bytes that are no HTTP, headers that are too long, requests that take too long. */
function refuseGarbage(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = statusLines.get(error.code ?? '') ?? '400 Bad Request';
  const body = JSON.stringify(
    openaiChat.failure(new RequestError('invalid_json', `The request could not be read: ${status.slice(4)}.`)),
  );
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close\r\n`;
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

const statusLines: ReadonlyMap<string, string> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
]);
