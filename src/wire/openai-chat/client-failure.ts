/** What another server's refusal means here: whose fault it is, and what to do about it. */

import { type AppError, EngineError, isAppError, LimitError, RequestError } from '../../base/errors.ts';
import { isDeeperThan, isObject, maxDepth } from '../../base/json.ts';

/** A failure as the other server tells it, in any of its usual shapes. */
export interface RemoteFailure {
  /** '' = it said nothing that can be read. */
  readonly message: string;
  readonly code: string;
  /** The field that it complains of. */
  readonly param: string;
}

/** Who refused, and how. */
export interface Refusal {
  /** For people: whose failure it is. */
  readonly who: string;
  readonly status: number;
  readonly failure: RemoteFailure;
  /** Seconds, where it said so. */
  readonly retryAfter?: number;
}

const maxMessageLength = 600;

/** Reads the body of a refusal; what is no JSON is its own message. */
export function readFailure(text: string): RemoteFailure {
  try {
    const body: unknown = JSON.parse(text);
    if (!isDeeperThan(body, maxDepth)) return findFailure(Array.isArray(body) ? body[0] : body) ?? toFailure(body);
  } catch {
    // No JSON: a proxy's page, or plain text.
  }
  return toFailure(text.includes('<html') ? '' : text);
}

/** The failure that an object of a stream or a body reports, if it does. */
export function findFailure(body: unknown): RemoteFailure | undefined {
  if (!isObject(body)) return undefined;
  const { error, object } = body;
  if (error !== undefined && error !== null && error !== false) return toFailure(error);
  return object === 'error' ? toFailure(body) : undefined;
}

function toFailure(value: unknown): RemoteFailure {
  if (typeof value === 'string') return { message: clip(value), code: '', param: '' };
  if (!isObject(value)) return { message: '', code: '', param: '' };
  const { message, detail, code, type, param } = value;
  return { message: clip(textOf(message) || toText(detail)), code: textOf(code) || textOf(type), param: textOf(param) };
}

/** Seconds that `Retry-After` names; dates and nonsense are none. */
export function readRetryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header.trim()) ? Number(header) : undefined;
}

const isAboutLength =
  /context.{0,12}(length|window|size)|maximum.{0,12}(context|prompt|input)|too many (input )?tokens|prompt is too long/i;

const statuses = new WeakMap<AppError, number>();

/** The status of the refusal that this error stands for; undefined = it stands for none. */
export function refusedStatus(error: unknown): number | undefined {
  return isAppError(error) ? statuses.get(error) : undefined;
}

/** The error that a refusal is here. Of a refused key nothing is repeated: some servers quote it. */
export function refusalError(refusal: Refusal): AppError {
  const error = toError(refusal);
  statuses.set(error, refusal.status);
  return error;
}

function toError({ who, status, failure, retryAfter }: Refusal): AppError {
  const { message, code, param } = failure;
  const said = message === '' ? `it answered ${status}` : message;
  const detail = { internal: `status ${status}, code '${code}'`, ...(retryAfter !== undefined && { retryAfter }) };
  if (status === 401 || status === 403) return keyRefused(who, status);
  if (status === 429) return new LimitError('rate_limited', `${who} is asked too much: ${said}`, detail);
  if (status === 404 || status === 405)
    return new EngineError(
      'engine_protocol',
      `${who} does not know the model, or its address is wrong: ${said}`,
      detail,
    );
  if (status >= 400 && status < 500 && status !== 402 && status !== 408) {
    const kind = isAboutLength.test(`${code} ${message}`) ? 'context_length_exceeded' : 'invalid_value';
    return new RequestError(kind, `${who} refused the request: ${said}`, { ...detail, ...(param !== '' && { param }) });
  }
  return new EngineError('engine_protocol', `${who} could not answer: ${said}`, detail);
}

function keyRefused(who: string, status: number): EngineError {
  const message = `${who} refused the key of this deployment (${status}). An administrator can give it another one: aimindserve edit NAME --remote-key-file FILE (the field 'remoteKey').`;
  return new EngineError('engine_protocol', message);
}

/** A failure in the middle of an answer; some servers write the status where others write a word. */
export function brokenOff(who: string, failure: RemoteFailure): AppError {
  const status = /^[45]\d\d$/.test(failure.code) ? Number(failure.code) : 500;
  const isLength = isAboutLength.test(`${failure.code} ${failure.message}`);
  return refusalError({ who, status: isLength ? 400 : status, failure });
}

/** Validators list what is wrong, each with its place. */
function toText(value: unknown): string {
  return Array.isArray(value) ? clip(JSON.stringify(value)) : textOf(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? clip(String(value)) : '';
}

function clip(text: string): string {
  return text.length > maxMessageLength ? `${text.slice(0, maxMessageLength)}…` : text;
}
