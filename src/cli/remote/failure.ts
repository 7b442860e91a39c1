/** What can go wrong between a command and a server, as errors that say what to do. */

import {
  type AppError,
  AuthError,
  type ErrorCode,
  type ErrorDetail,
  errorTable,
  LimitError,
  RequestError,
  UnavailableError,
} from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import { Item } from './item.ts';
import { plainLine, plainText } from './plain-text.ts';

/** No server answered, or not one that can be trusted. */
export class Unreachable extends UnavailableError {
  constructor(message: string, cause?: unknown) {
    super('outbound_failed', message, { cause });
  }
}

const certificateCodes: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Why a request came to nothing. */
export function explainFailure(url: string, cause: unknown): Unreachable {
  const code = causeCodeOf(cause);
  const { protocol } = new URL(url);
  if (certificateCodes.has(code)) {
    const advice = 'If its authority is your own, name it: NODE_EXTRA_CA_CERTS=ca.pem';
    return new Unreachable(`The certificate of ${url} cannot be trusted (${code}). ${advice}`, cause);
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return new Unreachable(`${url} does not speak TLS; is it http://?`, cause);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new Unreachable(`The name in ${url} cannot be resolved to an address.`, cause);
  if (code === 'TimeoutError' || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return new Unreachable(`${url} did not answer in time.`, cause);
  if (code === 'unexpected redirect')
    return new Unreachable(`${url} sends requests on to another address; name that one (https://?).`, cause);
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') {
    const advice = protocol === 'http:' ? ' Does it want https://?' : '';
    return new Unreachable(`${url} broke the connection off.${advice}`, cause);
  }
  return new Unreachable(`Nothing answers at ${url}. Start a server: aimindserve serve`, cause);
}

/** What Node calls the reason of a failed request. */
export function causeCodeOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  if (isObject(cause) && typeof cause['code'] === 'string') return cause['code'];
  if (cause instanceof Error) return cause.message;
  return thrown instanceof Error ? thrown.name : '';
}

/** Who said no, and to which key. */
interface Refuser {
  readonly url: string;
  readonly keyFrom?: string;
}

/** An answer that says no, as the error it tells of. */
export async function refusalOf(response: Response, { url, keyFrom }: Refuser): Promise<AppError> {
  const { status } = response;
  const text = await response.text().catch(() => '');
  const error = new Item(parse(text)).at('error');
  const said = error.text('message');
  if (said === '') {
    const message = `${url} answers ${status}, and not as an aiMindServe does: ${plainLine(text).slice(0, 200)}`;
    return status >= 500 ? new UnavailableError('outbound_failed', message) : new RequestError('not_found', message);
  }
  const param = error.text('param');
  // What is not there was named by its id, whatever the API calls that.
  const isKnown = param === '' || status === 404 || said.includes(param);
  const where = isKnown ? '' : ` (field '${param}')`;
  return toError(status, error.text('code'), {
    message: `${said}${where}${adviceFor({ status, param, url, keyFrom })}`,
    ...(param !== '' && { param }),
  });
}

interface Refused {
  readonly status: number;
  readonly param: string;
  readonly url: string;
  readonly keyFrom: string | undefined;
}

/** The command that helps, where there is one. */
function adviceFor({ status, param, url, keyFrom }: Refused): string {
  if ((status === 401 || status === 403) && keyFrom !== undefined)
    return ` The key shown is that of ${keyFrom}, which goes before your sign-in.`;
  if (status === 401) return ` Sign in: aimindserve login ${url}`;
  if (status === 412) return ' Look at it again, then repeat the change.';
  return param === 'source.path' || param === 'wheels'
    ? ' To allow a folder: aimindserve settings allow-folder FOLDER'
    : '';
}

interface Said extends ErrorDetail {
  readonly message: string;
}

function toError(status: number, said: string, { message, ...detail }: Said): AppError {
  const code = isErrorCode(said) ? said : undefined;
  if (status === 401 || status === 403) return new AuthError(code ?? 'forbidden', message, detail);
  if (status === 429) return new LimitError(code ?? 'rate_limited', message, detail);
  if (status >= 500) return new UnavailableError(code ?? 'outbound_failed', message, detail);
  return new RequestError(code ?? 'conflict', message, detail);
}

function isErrorCode(text: string): text is ErrorCode {
  // Settings are the business of this side: a server's trouble with its own is no wrong usage of ours.
  const row = Object.entries(errorTable).find(([code]) => code === text)?.[1];
  return row !== undefined && row.kind !== 'config' && row.kind !== 'bug';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An error's message as a line for a terminal. */
export function messageOf(thrown: unknown): string {
  return plainText(thrown instanceof Error ? thrown.message : String(thrown));
}
