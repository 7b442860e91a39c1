/** Asking for the rest of a file, and telling what the answer is: the rest, the whole, another file, or a refusal. */

import { RequestError, UnavailableError } from '../base/errors.ts';
import type { Outbound, OutboundRequest, OutboundResponse } from './outbound.ts';

/** Which bytes are wanted; `validator` makes sure that they belong to the file begun. */
export interface RangeQuestion {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly start: number;
  /** Exclusive; absent = to the end. */
  readonly end?: number;
  readonly validator: string;
  readonly request: Pick<OutboundRequest, 'signal' | 'idleTimeoutMs'>;
}

/** The bytes asked for; `totalBytes` is the whole file's size. */
export interface RangeBody {
  readonly kind: 'range';
  readonly totalBytes: number;
  readonly validator: string;
  readonly response: OutboundResponse;
}

/** All bytes, whatever was asked for; their number only if it is said. */
export interface WholeBody {
  readonly kind: 'whole';
  readonly totalBytes: number | undefined;
  readonly response: OutboundResponse;
}

/** What came. */
export type RangeAnswer = RangeBody | WholeBody | { readonly kind: 'empty' } | { readonly kind: 'changed' };

const passingStatuses = [408, 425, 429];

/** Sends the question; throws `download_refused` where asking again is no use, and what may pass as `download_failed`. */
export async function askForRange(outbound: Outbound, question: RangeQuestion): Promise<RangeAnswer> {
  const { url, headers, start, end, validator, request } = question;
  const range = `bytes=${start}-${end === undefined ? '' : end - 1}`;
  const condition: Record<string, string> = validator === '' || start === 0 ? {} : { 'if-range': validator };
  const response = await outbound.request(url, {
    ...request,
    headers: { ...headers, 'accept-encoding': 'identity', range, ...condition },
  });
  try {
    const answer = toAnswer(response, question);
    if (answer.kind === 'changed' || answer.kind === 'empty') response.cancel();
    return answer;
  } catch (error) {
    response.cancel();
    throw error;
  }
}

function toAnswer(response: OutboundResponse, question: RangeQuestion): RangeAnswer {
  const { status, headers } = response;
  if (status === 416) return unsatisfied(response, question);
  if (status !== 200 && status !== 206) throw failure(response);
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw broken(response, `sends the file compressed (${headers['content-encoding']}), which was not asked for`);
  const length = /^\d{1,15}$/.exec(headers['content-length'] ?? '')?.[0];
  if (status === 200) return { kind: 'whole', totalBytes: length === undefined ? undefined : Number(length), response };
  return partial(response, question);
}

function partial(response: OutboundResponse, question: RangeQuestion): RangeAnswer {
  const { headers } = response;
  const range = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(headers['content-range'] ?? '');
  if (range === null || Number(range[1]) !== question.start)
    throw broken(response, `answers with other bytes than asked for (${headers['content-range']})`);
  const validator = validatorOf(headers);
  if (question.validator !== '' && validator !== '' && validator !== question.validator) return { kind: 'changed' };
  // Without a total nothing can be divided or continued; from the start it is as good as the whole.
  if (range[3] === '*')
    return question.start === 0 ? { kind: 'whole', totalBytes: undefined, response } : { kind: 'changed' };
  return { kind: 'range', totalBytes: Number(range[3]), validator, response };
}

/** 416 to the first byte is how an empty file answers; to a later one it says that the file has become shorter. */
function unsatisfied(response: OutboundResponse, question: RangeQuestion): RangeAnswer {
  if (question.start > 0) return { kind: 'changed' };
  if (/^bytes \*\/0$/i.test(response.headers['content-range'] ?? '')) return { kind: 'empty' };
  throw broken(response, 'has no first byte of the file');
}

/** A weak ETag is no promise about bytes; a date is one about seconds, still better than nothing. */
function validatorOf(headers: Readonly<Record<string, string>>): string {
  const etag = headers['etag'] ?? '';
  return /^"[^"]*"$/.test(etag) ? etag : (headers['last-modified'] ?? '');
}

function failure(response: OutboundResponse): RequestError | UnavailableError {
  const { status, headers } = response;
  const host = new URL(response.url).host;
  if (status === 401 || status === 403)
    return refused(
      `${host} does not give the file to us (${status}): it may need a token, or a licence to be accepted.`,
    );
  if (status === 404 || status === 410) return refused(`${host} does not have the file (${status}).`);
  if (status < 500 && !passingStatuses.includes(status)) return refused(`${host} refuses the file (${status}).`);
  const retryAfter = /^\d{1,9}$/.exec(headers['retry-after'] ?? '')?.[0];
  const detail = retryAfter === undefined ? {} : { retryAfter: Number(retryAfter) };
  return new UnavailableError('download_failed', `${host} answers with status ${status}.`, detail);
}

function refused(message: string): RequestError {
  return new RequestError('download_refused', message);
}

function broken(response: OutboundResponse, what: string): UnavailableError {
  return new UnavailableError('download_failed', `${new URL(response.url).host} ${what}.`);
}
