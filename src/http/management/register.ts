/** Puts the routes of the management API on the server: who asks, may they, what do they say, what was done. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomHex } from '../../base/clock.ts';
import { AuthError, Bug, isAppError, RequestError } from '../../base/errors.ts';
import type { Caller } from '../../fleet/caller.ts';
import { type Action, isAllowed } from '../../fleet/permissions.ts';
import { readJsonBody } from '../body.ts';
import { toHttpError } from '../errors.ts';
import { refuseTheRest } from '../only.ts';
import { writeAudit } from './audit.ts';
import { createFeeds } from './feeds.ts';
import { Lane } from './lane.ts';
import { OpenCalls } from './open-calls.ts';
import { sendRefusal, sendResult } from './respond.ts';
import type { Call, ChangeNote, Route } from './route.ts';
import type { ManagementParts, World } from './world.ts';
import { readYamlBody } from './yaml-body.ts';

/** Where the management API lives. */
export const managementPrefix = '/api/v1';
/** Largest body: a deployment may bring its own chat template, a file of deployments several. */
const maxBodyBytes = 8 * 1024 * 1024;
/** Of those whom nobody knows yet. */
const maxStrangerBodyBytes = 64 * 1024;

/** Registers the routes; they live as long as `app`. */
export function registerManagement(app: FastifyInstance, routes: readonly Route[], parts: ManagementParts): void {
  app.register((scope, _options, ready) => {
    const own = { feeds: createFeeds(parts), calls: new OpenCalls(parts.closing), lane: new Lane() };
    const world: World = { ...parts, ...own };
    scope.addHook('onClose', async () => world.feeds.close());
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.setErrorHandler((thrown, request, reply) => refuse(thrown, { request, reply, world }));
    for (const path of new Set(routes.map((route) => route.path)))
      addPath(scope, { path, group: routes.filter((route) => route.path === path), world });
    refuseTheRest(scope, managementPrefix, routes);
    ready();
  });
}

interface PathParts {
  readonly path: string;
  readonly group: readonly Route[];
  readonly world: World;
}

function addPath(scope: FastifyInstance, { path, group, world }: PathParts): void {
  const url = managementPrefix + path;
  // The check stands before the body is read: strangers get no memory.
  const callers = new WeakMap<FastifyRequest, Caller>();
  for (const route of group)
    scope.route({
      method: route.method,
      url,
      bodyLimit: route.action === 'open' ? maxStrangerBodyBytes : maxBodyBytes,
      onRequest: async (request, reply) => {
        reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
        callers.set(request, await admit(route, request, world));
      },
      handler: async (request, reply) => {
        const caller = callers.get(request);
        if (caller === undefined) throw new Bug('a request was not looked at');
        await handle(route, caller, { request, reply, world });
      },
    });
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly world: World;
}

/** Who asks, if they may. */
async function admit(route: Route, request: FastifyRequest, world: World): Promise<Caller> {
  if (route.action === 'open') return { kind: 'local' };
  const caller = await callerOf(request, world);
  demand(route.action, caller);
  return caller;
}

function callerOf({ headers, method }: FastifyRequest, { accounts }: World): Promise<Caller> {
  return accounts.authenticate({ headers, method, realm: 'management' });
}

function demand(action: Action, caller: Caller): void {
  if (isAllowed(action, caller)) return;
  if (caller.kind === 'local')
    throw new AuthError('unauthenticated', 'Sign in, or send a key with the scope management.');
  throw new AuthError('forbidden', `This needs rights that the caller does not have (${action}).`);
}

async function handle(route: Route, caller: Caller, exchange: Exchange): Promise<void> {
  const { request, reply } = exchange;
  const changes: ChangeNote[] = [];
  const call = callOf(caller, exchange, (change) => changes.push(change));
  await exchange.world.lane.turn();
  const { params, query } = request;
  const result = await route.run({ params, query, body: readBody(route, request) }, call);
  const { audit } = route;
  if (audit !== undefined) for (const change of changes) await writeAudit(audit, change, call);
  const lastEventId = headerText(request, 'last-event-id');
  await sendResult(result, { reply, route, call, lastEventId, isHead: request.method === 'HEAD' });
}

function callOf(caller: Caller, { request, reply, world }: Exchange, note: Call['note']): Call {
  return {
    world,
    caller,
    address: request.ip,
    visitor: { headers: request.headers, address: request.ip, isSecure: request.protocol === 'https' },
    requestId: requestIdOf(reply),
    queryText: request.url.split('?').slice(1).join('?'),
    signal: world.calls.signalOf(reply.raw),
    expectedRevision: readIfMatch(headerText(request, 'if-match')),
    may: (action, owner) => isAllowed(action, caller, owner),
    callerNow: () => callerOf(request, world),
    note,
  };
}

/** The application gives every request an id; one on its own gets its own. */
function requestIdOf(reply: FastifyReply): string {
  const known = reply.getHeader('x-request-id');
  if (typeof known === 'string') return known;
  const fresh = `req_${randomHex(16)}`;
  reply.header('x-request-id', fresh);
  return fresh;
}

function headerText(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Only one of our own ETags can match; `*` = whatever there is. */
function readIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const digits = /^\s*"(\d{1,15})"\s*$/.exec(header)?.[1];
  if (digits === undefined)
    throw new RequestError('changed_meanwhile', 'If-Match is not an ETag of this thing.', { param: 'If-Match' });
  return Number(digits);
}

function readBody(route: Route, request: FastifyRequest): unknown {
  const bytes: unknown = request.body;
  if (!(bytes instanceof Uint8Array) || bytes.length === 0) return undefined;
  const encoding = request.headers['content-encoding'];
  return route.takesYaml ? readYamlBody(bytes, encoding) : readJsonBody(bytes, encoding);
}

function refuse(thrown: unknown, { request, reply, world }: Exchange): void {
  const error = toHttpError(thrown);
  const requestId = requestIdOf(reply);
  const fields = { requestId, code: error.code, internal: error.detail.internal, err: error };
  if (error.kind === 'bug') world.log.error(fields, error.message);
  else if (!isAppError(thrown)) world.log.debug(fields, `${request.method} failed`);
  sendRefusal(reply, error, requestId);
}
