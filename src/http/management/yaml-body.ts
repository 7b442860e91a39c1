/** A body in YAML or JSON. */

import { type Document, isScalar, parseDocument, visit } from 'yaml';
import { RequestError } from '../../base/errors.ts';
import { isDeeperThan, maxDepth, parseBody } from '../../base/json.ts';
import { readTextBody } from '../body.ts';

/** Reading YAML costs a hundred times what reading JSON costs. */
const maxYamlBytes = 256 * 1024;

/** Throws RequestError for what is neither, is too large, or refers to itself. */
export function readYamlBody(bytes: Uint8Array, encoding: string | undefined): unknown {
  const text = readTextBody(bytes, encoding);
  if (/^\s*[{[]/.test(text)) return parseBody(text);
  if (bytes.length > maxYamlBytes)
    throw new RequestError('payload_too_large', `YAML may have ${maxYamlBytes} bytes at most; send JSON instead.`);
  const body = parseYaml(text);
  if (isDeeperThan(body, maxDepth))
    throw new RequestError('json_too_deep', `The body nests more than ${maxDepth} levels.`);
  return body;
}

function parseYaml(text: string): unknown {
  try {
    // The library compares every key with every other; ours are looked at once.
    const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
    const [error] = document.errors;
    if (error !== undefined) throw noYaml(`${error.message} (line ${lineAt(text, error.pos[0])})`);
    refuseRepeatedKeys(document, text);
    // No aliases: a few bytes of them can stand for gigabytes.
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    if (cause instanceof RequestError) throw cause;
    throw noYaml(cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : '', cause);
  }
}

function refuseRepeatedKeys(document: Document, text: string): void {
  visit(document, {
    Map: (_key, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value))
          throw noYaml(`'${String(key.value).slice(0, 100)}' stands twice (line ${lineAt(text, key.range?.[0] ?? 0)})`);
        seen.add(key.value);
      }
    },
  });
}

function noYaml(reason: string, cause?: unknown): RequestError {
  return new RequestError('invalid_json', `The body is neither YAML nor JSON: ${reason}`, { cause });
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
