/** Errors as HTTP answers: the status, the headers, and OpenAI's shape for the body. */

import type { FastifyReply } from 'fastify';
import { AppError, RequestError, toAppError } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import { openaiChat } from '../wire/openai-chat/protocol.ts';

/** Dresses an error in a protocol's words. */
export type Failure = (error: AppError) => JsonObject;

/** Answers with an error; nothing has been sent before. */
export function sendFailure(reply: FastifyReply, error: AppError, failure: Failure = openaiChat.failure): FastifyReply {
  const status = statusOf(error);
  const retryAfter = error.detail.retryAfter ?? (error.retryable && (status === 429 || status === 503) ? 1 : undefined);
  if (retryAfter !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfter)));
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  // Closing at once would reset the connection while the client still sends: it would never read this answer.
  if (status === 413) reply.removeHeader('connection');
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(failure(error)));
}

/** A `ConfigError` carries an exit code; to a client it is a fault of the server. */
function statusOf(error: AppError): number {
  return error.kind === 'config' ? 500 : error.status;
}

/** Whatever a route or the framework threw, as one of ours: the framework's 4xx are the client's mistakes. */
export function toHttpError(thrown: unknown): AppError {
  const { code, status } = frameworkFacts(thrown);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || status === 413)
    return new RequestError('payload_too_large', 'The body is larger than this server accepts.', { cause: thrown });
  if (code === 'FST_ERR_BAD_URL')
    return new RequestError('not_found', 'The path is not a valid URL path.', { cause: thrown });
  if (!(thrown instanceof AppError) && status >= 400 && status < 500)
    return new RequestError('invalid_json', 'The request could not be read to its end.', { cause: thrown });
  return toAppError(thrown);
}

function frameworkFacts(thrown: unknown): { readonly code: string; readonly status: number } {
  if (!(thrown instanceof Error)) return { code: '', status: 0 };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  const status = 'statusCode' in thrown && typeof thrown.statusCode === 'number' ? thrown.statusCode : 0;
  return { code, status };
}
