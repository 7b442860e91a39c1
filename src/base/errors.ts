/** Every failure the product can report: one table of codes, one class for each kind of blame. */

/** Who is to blame and what a client may do about it; decides the HTTP status family. */
export type ErrorKind = 'request' | 'auth' | 'limit' | 'unavailable' | 'engine' | 'output' | 'config' | 'bug';

/** One row of the error table; `status` is the HTTP status (for `config`: the process's exit code). */
export interface ErrorRow {
  readonly kind: ErrorKind;
  readonly status: number;
  readonly retryable: boolean;
  readonly meaning: string;
}

const row = (kind: ErrorKind, status: number, retryable: boolean, meaning: string): ErrorRow => ({
  kind,
  status,
  retryable,
  meaning,
});

/** All codes; `docs/errors.md` is held equal to it by a test, both ways. */
export const errorTable = {
  invalid_json: row('request', 400, false, 'The body is not JSON, or not UTF-8.'),
  invalid_type: row('request', 400, false, 'A field has the wrong type.'),
  invalid_value: row('request', 400, false, 'A field has a value that is not allowed.'),
  missing_field: row('request', 400, false, 'A field that is required is absent.'),
  unsupported_field: row('request', 400, false, 'A field would change what the answer means, and is not supported.'),
  json_too_deep: row('request', 400, false, 'The body nests more levels than the limit.'),
  invalid_schema: row('request', 400, false, "A tool's parameters or an output schema is not a usable JSON Schema."),
  schema_too_large: row('request', 400, false, 'A schema exceeds the size or time limit of the grammar compiler.'),
  duplicate_tool: row('request', 400, false, 'Two tools have the same name.'),
  unknown_tool: row('request', 400, false, 'tool_choice names a tool that is not among the tools.'),
  tools_missing: row('request', 400, false, 'tool_choice demands a call but there are no tools.'),
  invalid_messages: row('request', 400, false, 'The messages cannot be a conversation in this order.'),
  context_length_exceeded: row('request', 400, false, 'The prompt (and reserve) does not fit the context.'),
  template_failed: row('request', 400, false, "The model's chat template cannot render these messages."),
  foreign_origin: row('auth', 403, false, 'A request without key came from a foreign Host, Origin or proxy.'),
  invalid_api_key: row('auth', 401, false, 'The API key is missing or wrong.'),
  model_not_found: row('request', 404, false, 'No model of this name is served.'),
  not_found: row('request', 404, false, 'There is nothing at this path.'),
  method_not_allowed: row('request', 405, false, 'The path exists, the method does not.'),
  payload_too_large: row('request', 413, false, 'The body exceeds the size limit.'),
  unsupported_media_type: row('request', 415, false, 'The body is not application/json.'),
  name_taken: row('request', 409, false, 'Something of this name exists already.'),
  conflict: row('request', 409, false, 'The state of things does not allow this now; the message says why.'),
  changed_meanwhile: row('request', 412, false, 'If-Match names a revision that is no longer the current one.'),
  address_refused: row(
    'request',
    400,
    false,
    'The address is private or reserved, and no administrator listed its host.',
  ),
  download_refused: row('request', 400, false, 'The hub refuses the file: it is gated, private or not there.'),
  download_failed: row('unavailable', 503, true, 'A download ended early; it goes on where it stopped.'),
  checksum_mismatch: row('unavailable', 503, false, 'A downloaded file is not what its hub says it is.'),
  disk_full: row('unavailable', 507, false, 'There is not enough room on the disk.'),
  forbidden: row('auth', 403, false, 'The caller is known but may not do this.'),
  unauthenticated: row('auth', 401, false, 'This needs a sign-in or a key.'),
  too_many_attempts: row('limit', 429, true, 'Too many failed sign-ins; wait before the next.'),
  quota_exceeded: row('limit', 429, false, "The key's tokens for this day, month or lifetime are used up."),
  rate_limited: row('limit', 429, true, 'Too many requests, or the queue is full.'),
  model_loading: row('unavailable', 503, true, 'The model is starting.'),
  model_failed: row('unavailable', 503, true, 'The model could not be started; the next attempt is scheduled.'),
  model_stopped: row('unavailable', 503, false, 'The deployment is stopped.'),
  queue_timeout: row('unavailable', 503, true, 'No place became free in the time that requests may wait.'),
  store_unavailable: row('unavailable', 503, true, 'The database cannot be reached.'),
  outbound_failed: row('unavailable', 503, true, 'A server outside could not be reached or broke off.'),
  shutting_down: row('unavailable', 503, true, 'The server is draining.'),
  engine_crashed: row('engine', 502, true, 'The engine process ended during the request.'),
  engine_protocol: row('engine', 502, true, 'The engine answered something that cannot be understood.'),
  engine_timeout: row('engine', 504, true, 'The engine did not answer in time.'),
  grammar_too_costly: row('engine', 502, false, 'Constraining one token took longer than the budget.'),
  invalid_tool_call: row('output', 502, false, 'A call was demanded and stayed invalid after the re-asks.'),
  invalid_config: row('config', 78, false, 'A setting has a bad value.'),
  unknown_flag: row('config', 78, false, 'A command-line flag is not known.'),
  model_unusable: row('config', 78, false, 'The model file cannot be served; the message says what to take instead.'),
  out_of_memory: row('config', 78, false, 'The model does not fit the memory; the message has the numbers.'),
  device_unavailable: row('config', 78, false, 'The requested GPU or library cannot be had.'),
  port_in_use: row('config', 78, false, 'The address is taken.'),
  data_in_use: row('config', 78, false, 'Another server uses the data directory.'),
  data_too_new: row('config', 78, false, 'A newer version wrote the data directory.'),
  internal_error: row('bug', 500, false, 'An invariant of ours was broken.'),
} satisfies Record<string, ErrorRow>;

/** A stable, documented code; clients may switch on it. */
export type ErrorCode = keyof typeof errorTable;

/** What an error may carry besides its message. */
export interface ErrorDetail {
  /** The field's path in the caller's own dialect, e.g. `messages[2].tool_calls[0].id`. */
  readonly param?: string;
  /** Seconds after which a retry makes sense. */
  readonly retryAfter?: number;
  /** For operators only (a log tail, a native message); never sent to clients. */
  readonly internal?: string;
  readonly cause?: unknown;
}

const marker: unique symbol = Symbol.for('aimindserve.AppError');

/** The base of every error we throw; recognised by `isAppError`, which survives duplicate installs. */
export class AppError extends Error {
  readonly [marker] = true;
  readonly code: ErrorCode;
  readonly status: number;
  readonly kind: ErrorKind;
  readonly retryable: boolean;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = new.target.name;
    const found: ErrorRow = errorTable[code];
    this.code = code;
    this.status = found.status;
    this.kind = found.kind;
    this.retryable = found.retryable;
    this.detail = detail;
  }
}

/** The caller's request is wrong; `detail.param` says where. */
export class RequestError extends AppError {}
/** The caller may not; never says which half was wrong. */
export class AuthError extends AppError {}
/** The caller must wait. */
export class LimitError extends AppError {}
/** Nothing is ready to answer. */
export class UnavailableError extends AppError {}
/** The engine failed. */
export class EngineError extends AppError {}
/** The model did not keep what was promised. */
export class OutputError extends AppError {}
/** A setting is wrong; the process exits with 78. */
export class ConfigError extends AppError {}
/** An invariant of ours is broken; the only error that pages. */
export class Bug extends AppError {
  constructor(message: string, detail: ErrorDetail = {}) {
    super('internal_error', message, detail);
  }
}

/** Is this one of ours? */
export function isAppError(value: unknown): value is AppError {
  return typeof value === 'object' && value !== null && marker in value;
}

/** Whatever was thrown as an AppError: ours unchanged, anything else as a Bug with its cause. */
export function toAppError(thrown: unknown): AppError {
  if (isAppError(thrown)) return thrown;
  return new Bug(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}
