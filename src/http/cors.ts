/** Web pages of other sites: those of listed origins may call the server, with a key; all others are left to the browser. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ConfigError } from '../base/errors.ts';

const allowedMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE';
/** What our interfaces read, and what official clients send along. */
const allowedHeaders = new Set([
  'accept',
  'api-key',
  'authorization',
  'content-type',
  'if-match',
  'last-event-id',
  'user-agent',
  'x-api-key',
  'x-csrf-token',
]);
const allowedFamilies = /^(?:x-aimindserve-|openai-|x-stainless-)[\w-]{1,64}$/;
/** What a page may read of an answer, besides what every page may. */
const exposedHeaders = [
  'x-request-id',
  ...['limit', 'remaining', 'reset'].flatMap((what) => [`x-ratelimit-${what}-requests`, `x-ratelimit-${what}-tokens`]),
  'retry-after',
  'etag',
  'x-aimindserve-warnings',
].join(', ');
/** How long browsers remember the answer to a preflight, in seconds. */
const rememberedSeconds = 600;

/** The origins as browsers spell them; throws ConfigError for what no browser would send. */
export function readCorsOrigins(entries: readonly string[]): ReadonlySet<string> {
  return new Set(entries.map(originOf));
}

function originOf(entry: string): string {
  const text = entry.replace(/\/$/, '');
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) {
    const { origin, href } = new URL(text);
    if (href === `${origin}/`) return origin;
  } else if (/^[a-z][a-z\d+.-]*:\/\/[\w.-]+$/i.test(text)) return text.toLowerCase();
  const why = entry === '*' ? 'Any page may be hostile; list the ones you mean' : `'${entry}' is not an origin`;
  throw new ConfigError('invalid_config', `--cors-origin: ${why}, such as https://app.example.com.`);
}

/**
 * Answers preflights before anybody asks for a key (browsers send none with them) and marks the answers that listed
 * pages may read. Cookies are never allowed along: a page of another site acts with a key or not at all.
 */
export function addCors(app: FastifyInstance, origins: ReadonlySet<string>): void {
  if (origins.size === 0) return;
  app.addHook('onRequest', async (request, reply) => {
    reply.header('vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !origins.has(origin)) return;
    reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', exposedHeaders);
    if (isPreflight(request)) return answerPreflight(request, reply);
  });
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function answerPreflight({ headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const asked = String(headers['access-control-request-headers'] ?? '').split(',');
  const allowed = asked.map((name) => name.trim().toLowerCase()).filter(isAllowed);
  return reply
    .header('vary', 'Origin, Access-Control-Request-Headers')
    .header('access-control-allow-methods', allowedMethods)
    .header('access-control-allow-headers', allowed.join(', '))
    .header('access-control-max-age', rememberedSeconds)
    .code(204)
    .send();
}

function isAllowed(header: string): boolean {
  return allowedHeaders.has(header) || allowedFamilies.test(header);
}
