/** A request's bytes as JSON, whatever type the client declared for them. */

import { RequestError } from '../base/errors.ts';
import { parseBody } from '../base/json.ts';

/** Throws RequestError for everything that is not UTF-8 JSON of bounded nesting. */
export function readJsonBody(bytes: unknown, encoding: string | undefined): unknown {
  return parseBody(readTextBody(bytes, encoding));
}

/** The text of a body; throws RequestError where there is none, it is packed, or it is not UTF-8. */
export function readTextBody(bytes: unknown, encoding: string | undefined): string {
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity')
    throw new RequestError(
      'unsupported_media_type',
      `The body is encoded as '${encoding.slice(0, 50)}'; send it plain.`,
    );
  if (!(bytes instanceof Uint8Array) || bytes.length === 0)
    throw new RequestError('invalid_json', 'The body is empty; a JSON object is expected.');
  return decodeUtf8(bytes);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new RequestError('invalid_json', 'The body is not valid UTF-8.', { cause });
  }
}
