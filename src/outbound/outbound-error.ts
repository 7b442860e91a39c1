/** Failures of the network in words that help; the host is named, never the whole URL, whose query may be a secret. */

import { type AppError, isAppError, UnavailableError } from '../base/errors.ts';

const unknownAuthority = 'its certificate is signed by an unknown authority (--ca-file adds one)';
const brokeOff = 'it broke the connection off';
const cannotReach = 'it cannot be reached';

/** By the codes of Node's sockets, of TLS and of the HTTP client. */
const reasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  EAI_AGAIN: 'its name cannot be resolved now',
  ECONNREFUSED: 'it refuses the connection',
  ECONNRESET: brokeOff,
  EHOSTUNREACH: cannotReach,
  ENETUNREACH: cannotReach,
  ENOTFOUND: 'its name is unknown',
  EPIPE: brokeOff,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ETIMEDOUT: 'it did not answer in time',
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UND_ERR_BODY_TIMEOUT: 'it fell silent in the middle of its answer',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer in time',
  UND_ERR_HEADERS_OVERFLOW: 'the head of its answer is too large',
  UND_ERR_PRX_TLS: "the proxy's certificate is for another name",
  UND_ERR_SOCKET: brokeOff,
};

/** Whatever a request threw, as one of ours; ours stay as they are. */
export function toOutboundError(thrown: unknown, url: URL): AppError {
  if (isAppError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const proxyStatus = /^Proxy .*\((\d{3})\)/.exec(message)?.[1];
  const ofProxy = proxyStatus === undefined ? undefined : `the proxy refuses with status ${proxyStatus}`;
  const reason = ofProxy ?? reasons[codeOf(thrown)] ?? message;
  return new UnavailableError('outbound_failed', `${url.host}: ${reason}.`, { cause: thrown });
}

function codeOf(thrown: unknown): string {
  const isCoded = typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string';
  return isCoded ? String(thrown.code) : '';
}
