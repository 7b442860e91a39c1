/** A body in YAML, of which JSON is a part. */

import { parse } from 'yaml';
import { RequestError } from '../../base/errors.ts';
import { isDeeperThan, maxDepth } from '../../base/json.ts';
import { readTextBody } from '../body.ts';

/** Reading YAML costs far more than reading JSON. */
const maxYamlBytes = 2 * 1024 * 1024;

/** Throws RequestError for what is no YAML, too large, or refers to itself. */
export function readYamlBody(bytes: Uint8Array, encoding: string | undefined): unknown {
  if (bytes.length > maxYamlBytes)
    throw new RequestError('payload_too_large', `YAML may have ${maxYamlBytes} bytes at most.`);
  const text = readTextBody(bytes, encoding);
  const body = parseYaml(text);
  if (isDeeperThan(body, maxDepth))
    throw new RequestError('json_too_deep', `The body nests more than ${maxDepth} levels.`);
  return body;
}

function parseYaml(text: string): unknown {
  try {
    // No aliases: a few bytes of them can stand for gigabytes.
    return parse(text, { maxAliasCount: 0, schema: 'core', logLevel: 'error' });
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : '';
    throw new RequestError('invalid_json', `The body is neither YAML nor JSON: ${reason}`, { cause });
  }
}
