/** A handler's answer as HTTP, its failures in OpenAI's shape with the request's id. */

import type { FastifyReply } from 'fastify';
import type { AppError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { isObject } from '../../base/json.ts';
import { openaiChat } from '../../wire/openai-chat/protocol.ts';
import { sendFailure } from '../errors.ts';
import { StreamReply, settledWithin } from '../stream-reply.ts';
import type { Result } from './result.ts';
import type { Call, Route } from './route.ts';
import { streamChanges } from './watch.ts';

/** Where an answer goes, and for whom. */
export interface Answering {
  readonly reply: FastifyReply;
  readonly route: Route;
  readonly call: Call;
  /** From `Last-Event-ID`. */
  readonly lastEventId: string | undefined;
  /** Only the headers are wanted. */
  readonly isHead: boolean;
}

/** Sends it; resolves when it is out, or nobody is left. */
export async function sendResult(result: Result, answering: Answering): Promise<void> {
  const { reply, route, isHead } = answering;
  if ('headers' in result)
    for (const [name, value] of Object.entries(result.headers ?? {}))
      reply.header(name, typeof value === 'string' ? value : [...value]);
  switch (result.kind) {
    case 'json':
      if (result.revision !== undefined) reply.header('etag', `"${result.revision}"`);
      reply.code(route.status).type('application/json; charset=utf-8').send(JSON.stringify(result.body));
      return;
    case 'empty':
      reply.code(204).send();
      return;
    case 'text':
      reply.code(route.status).type(result.type).send(result.text);
      return;
    case 'redirect':
      reply.code(303).header('location', result.location).send();
      return;
    case 'lines':
    case 'watch':
      if (isHead) reply.code(200).send();
      else if (result.kind === 'lines') await sendLines(result.lines, answering);
      else await sendChanges(result, answering);
  }
}

async function sendChanges(
  { subscription }: Extract<Result, { kind: 'watch' }>,
  { reply, call, lastEventId }: Answering,
): Promise<void> {
  const stream = new StreamReply(reply, call.world.limits);
  const watcher = { stream, signal: call.signal, callerNow: call.callerNow, lastEventId };
  try {
    await streamChanges(subscription, watcher);
  } catch (thrown) {
    if (!stream.isOpen) throw thrown;
    call.world.log.error({ requestId: call.requestId, err: thrown }, 'a watch ended early');
  }
}

/** As fast as the client takes them; one that takes nothing for long is dropped. */
async function sendLines(lines: AsyncIterable<string>, { reply, call }: Answering): Promise<void> {
  const { headersAfterMs, stallMs } = call.world.limits;
  const iterator = lines[Symbol.asyncIterator]();
  let next = iterator.next();
  // A failure before the headers is an answer; a text that stays silent gets its headers all the same.
  await settledOrLate(next, headersAfterMs);
  const { raw } = reply;
  openText(reply);
  try {
    for (let piece = await next; piece.done !== true && !raw.destroyed; piece = await next) {
      if (!raw.write(piece.value)) await settledWithin(raw, 'drain', stallMs);
      next = iterator.next();
    }
    raw.end();
  } catch (thrown) {
    call.world.log.warn({ requestId: call.requestId, err: thrown }, 'a text ended early');
    raw.destroy();
  } finally {
    await iterator.return?.();
  }
}

async function settledOrLate(result: Promise<unknown>, timeMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeMs);
  });
  try {
    await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

function openText(reply: FastifyReply): void {
  const { raw } = reply;
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'x-accel-buffering': 'no' });
  raw.flushHeaders();
}

/** Answers with an error. */
export function sendRefusal(reply: FastifyReply, error: AppError, requestId: string): void {
  sendFailure(reply, error, (failed) => withRequestId(openaiChat.failure(failed), requestId));
}

function withRequestId(body: JsonObject, requestId: string): JsonObject {
  const { error } = body;
  return isObject(error) ? { ...body, error: { ...error, request_id: requestId } } : body;
}
