/** The HTTP server: its routes, who may use them, and how it starts and stops. */

import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Complete } from '../answering/complete.ts';
import type { Meter } from '../answering/usage-meter.ts';
import { type Clock, randomHex } from '../base/clock.ts';
import { AuthError, RequestError, UnavailableError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Caller } from '../fleet/caller.ts';
import type { Protocol } from '../wire/protocol.ts';
import type { Authenticate } from './accounts/authenticate.ts';
import { cleanHops, type IsTrusted, readTrustedProxies } from './client-address.ts';
import { addCors, readCorsOrigins } from './cors.ts';
import { sendFailure, toHttpError } from './errors.ts';
import { healthRoutes, openPaths } from './health-routes.ts';
import { InFlight } from './in-flight.ts';
import { type Door, inferenceRoute, type Observe } from './inference-route.ts';
import type { HttpLimits } from './limits.ts';
import { type ModelsView, modelRoutes } from './model-routes.ts';
import { only } from './only.ts';
import { refuseGarbage, refusePlain } from './raw-answer.ts';
import { Callers, logWhenClosed, pathOf } from './request-log.ts';
import { startPaths } from './start-page/routes.ts';
import { createTls, type Tls } from './tls.ts';
import type { CertificateFiles } from './tls-pair.ts';

/** Everything the server is made of. */
export interface HttpOptions {
  readonly complete: Complete;
  readonly protocols: readonly Protocol[];
  readonly models: ModelsView;
  /** Says who asks for a model. */
  readonly authenticate: Authenticate;
  readonly door: Door;
  /** Puts further routes on the server, which ask for their own callers: `/metrics` and everything below `/api/`. */
  readonly addRoutes?: (app: FastifyInstance, authenticate: Authenticate) => void;
  /** Absent = plain HTTP, no pages of other sites, no proxies. */
  readonly reach?: Reach;
  readonly metrics?: HttpMetrics;
  readonly meter?: Meter;
  readonly log: Log;
  readonly clock: Clock;
  readonly limits: HttpLimits;
}

/** How others reach the server. */
export interface Reach {
  /** Absent = plain HTTP. */
  readonly tls?: CertificateFiles;
  /** Web pages of these origins may call the server. */
  readonly corsOrigins: readonly string[];
  /** Addresses and networks whose `X-Forwarded-*` and `X-Request-Id` are believed. */
  readonly trustedProxies: readonly string[];
}

/** What is counted of requests. */
export interface HttpMetrics {
  /** Counts every request; called before there are routes. */
  countRequests(app: FastifyInstance): void;
  readonly observe: Observe;
}

/** A server that can be started and stopped. */
export interface HttpApp {
  /** The port it got (`port` may be 0). Rejects with the system's error, e.g. `EADDRINUSE`. */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>;
  /** Takes no new requests, gives the running ones `graceMs`, then closes every connection. */
  close(graceMs: number): Promise<void>;
}

/** A connection may idle so long between requests, in milliseconds: more than the minute that proxies wait. */
const keepAliveTimeout = 72_000;
/** The second seed's base path and everybody else's. */
const prefixes = ['/v1', '/v1-openai'];

/** Makes the server; nothing listens yet. Throws ConfigError for what cannot be served. */
export function createHttpApp(options: HttpOptions): HttpApp {
  const { models, metrics, log, clock, reach = { corsOrigins: [], trustedProxies: [] } } = options;
  const inFlight = new InFlight();
  const isTrusted = readTrustedProxies(reach.trustedProxies);
  const origins = readCorsOrigins(reach.corsOrigins);
  const tls = reach.tls && createTls({ files: reach.tls, log, clock, refusePlain });
  const app = createFastify(options.limits, isTrusted, tls);
  const callers = new Callers(options.authenticate);
  addBeginning(app, options, { isTrusted, callers });
  addCors(app, origins);
  addCheck(app, { isTrusted, callers, inFlight });
  addEndings(app, log);
  metrics?.countRequests(app);
  healthRoutes(app, models, inFlight);
  const callerOf = (request: FastifyRequest): Caller => callers.of(request);
  const context = { ...options, inFlight, callerOf, ...(metrics && { observe: metrics.observe }) };
  for (const prefix of prefixes) {
    modelRoutes(app, prefix, { models, callerOf });
    for (const protocol of options.protocols)
      only(app, 'POST', prefix + protocol.path, inferenceRoute(protocol, context));
  }
  options.addRoutes?.(app, callers.authenticate);
  return {
    async listen(address) {
      await app.listen(address);
      const bound = app.server.address();
      return typeof bound === 'object' && bound !== null ? bound.port : address.port;
    },
    async close(graceMs) {
      await inFlight.drain(graceMs);
      const closed = app.close();
      tls?.close();
      await closed;
    },
  };
}

function createFastify(limits: HttpLimits, isTrusted: IsTrusted, tls: Tls | undefined): FastifyInstance {
  const app = Fastify({
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    keepAliveTimeout,
    forceCloseConnections: true,
    return503OnClosing: false,
    trustProxy: isTrusted,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: 1_024 },
    frameworkErrors: (error, _request, reply) => {
      sendFailure(reply.header('x-request-id', newRequestId()), toHttpError(error));
    },
    clientErrorHandler: refuseGarbage,
    ...(tls && {
      serverFactory: (handler: RequestListener) =>
        tls.createServer(handler, { requestTimeout: limits.requestMs, keepAliveTimeout }),
    }),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  return app;
}

interface HookParts {
  readonly isTrusted: IsTrusted;
  readonly callers: Callers;
}

/** What every request gets first: an id, the address of its client, and a line in the log. */
function addBeginning(app: FastifyInstance, options: HttpOptions, { isTrusted, callers }: HookParts): void {
  app.addHook('onRequest', async (request, reply) => {
    const { headers } = request;
    if (isTrusted(request.socket.remoteAddress)) cleanForwardedFor(headers);
    reply.header('x-request-id', requestIdOf(request, isTrusted));
    logWhenClosed({ request, reply, callers }, { ...options, quietPaths: openPaths });
    // The body is JSON or it is not; what the client calls it (curl's default is a form) says nothing.
    headers['content-type'] = 'application/json';
  });
}

/** What stands there says who the client is. */
function cleanForwardedFor(headers: IncomingHttpHeaders): void {
  const hops = cleanHops(String(headers['x-forwarded-for'] ?? ''));
  if (hops === '') delete headers['x-forwarded-for'];
  else headers['x-forwarded-for'] = hops;
}

/** A trusted proxy's id, by which its own log finds the request; else one of ours. */
function requestIdOf({ headers, socket }: FastifyRequest, isTrusted: IsTrusted): string {
  const given = headers['x-request-id'];
  const isUsable = typeof given === 'string' && /^[\w-]{1,64}$/.test(given) && isTrusted(socket.remoteAddress);
  return isUsable ? given : newRequestId();
}

function newRequestId(): string {
  return `req_${randomHex(16)}`;
}

/** Who asks, before any route is entered or any body read. */
function addCheck(
  app: FastifyInstance,
  { isTrusted, callers, inFlight }: HookParts & { readonly inFlight: InFlight },
): void {
  app.addHook('onRequest', async (request, reply) => {
    const path = request.routeOptions.url ?? '';
    if (openPaths.has(path) || startPaths.has(path)) return;
    if (inFlight.isDraining) throw shuttingDown(reply);
    if (path.startsWith('/api/') || path === '/metrics') return;
    const { headers, method, socket } = request;
    const caller = await callers.authenticate({ headers, method, realm: 'inference' });
    if (caller.kind === 'local' && isTrusted(socket.remoteAddress)) throw throughProxy();
  });
}

/** A proxy on this machine makes strangers look local, whether or not it says so. */
function throughProxy(): AuthError {
  const message =
    'Without an API key, requests must come from this machine; this one came through a trusted proxy. Start the server with --api-key to allow others.';
  return new AuthError('foreign_origin', message);
}

function addEndings(app: FastifyInstance, log: Log): void {
  app.setNotFoundHandler((request, reply) => {
    const message = `There is nothing at '${request.method} ${pathOf(request)}'.`;
    sendFailure(reply, new RequestError('not_found', message));
  });
  app.setErrorHandler((thrown, _request, reply) => {
    const error = toHttpError(thrown);
    const requestId = reply.getHeader('x-request-id');
    if (error.kind === 'bug') log.error({ requestId, err: error }, error.message);
    sendFailure(reply, error);
  });
}

function shuttingDown(reply: FastifyReply): UnavailableError {
  reply.header('connection', 'close');
  return new UnavailableError('shutting_down', 'The server is shutting down.');
}
