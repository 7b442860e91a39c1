/** What goes wrong at a provider, in words for those who sign in and those who set it up. */

import { AuthorizationResponseError, ResponseBodyError } from 'openid-client';
import { type AppError, AuthError, isAppError, UnavailableError } from '../../base/errors.ts';

const longest = 300;

/** Whatever the library threw as an error of ours. */
export function toProviderError(thrown: unknown, issuer: URL): AppError {
  const ours = findOurs(thrown);
  if (ours?.kind === 'auth') return ours;
  const where = issuer.host;
  if (thrown instanceof AuthorizationResponseError) {
    const reason = cut(thrown.error_description ?? thrown.error);
    return new AuthError('unauthenticated', `${where} did not let you in: ${reason}.`, { cause: thrown });
  }
  if (thrown instanceof ResponseBodyError) {
    const reason = cut(thrown.error_description ?? thrown.error);
    return unavailable(
      `${where} refused: ${reason}. Sign in again; if that fails, check the client's id, secret and redirect address.`,
      thrown,
    );
  }
  if (isTimeout(ours?.detail.cause)) return unavailable(`${where} does not answer in time.`, thrown);
  if (ours !== undefined) return unavailable(`The provider cannot be reached: ${ours.message}`, thrown);
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return unavailable(`What ${where} answered cannot be trusted: ${cut(text)}.`, thrown);
}

/** Is it a server on this very machine? */
export function isLoopbackUrl({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function unavailable(message: string, cause: unknown): UnavailableError {
  return new UnavailableError('outbound_failed', message, { cause });
}

/** Our own client's error, within those of the library. */
function findOurs(thrown: unknown): AppError | undefined {
  let error = thrown;
  for (let depth = 0; depth < 8 && error instanceof Error; depth++) {
    if (isAppError(error)) return error;
    error = error.cause;
  }
  return undefined;
}

function isTimeout(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'TimeoutError';
}

/** A stranger's text: one line, not too long. */
function cut(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, longest);
}
