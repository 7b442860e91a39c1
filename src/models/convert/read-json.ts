/** Reads the small JSON files beside the weights, no larger than they can honestly be. */

import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isObject } from '../../base/json.ts';
import { Unconvertible } from './unconvertible.ts';

/** Vocabularies of a quarter million tokens take some 30 MB. */
const largestBytes = 128 << 20;

/** The object in the file `name`; undefined if there is no such file. */
export function readJson(folder: string, name: string): Record<string, unknown> | undefined {
  const text = readText(folder, name);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Unconvertible(`its ${name} is not valid JSON`, { cause });
  }
  if (!isObject(value)) throw new Unconvertible(`its ${name} is not a JSON object`);
  return value;
}

/** The text of the file `name`; undefined if there is no such file. */
export function readText(folder: string, name: string): string | undefined {
  const path = join(folder, name);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  // Opening a pipe would wait for its other end for ever.
  if (!found.isFile()) throw new Unconvertible(`its ${basename(path)} is not a regular file`);
  if (found.size > largestBytes) throw new Unconvertible(`its ${name} is larger than any real one`);
  return readFileSync(path, 'utf8');
}
