/** From what a person typed for a model to the source that it means. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ModelSource } from '../fleet/model-source.ts';
import { parseModelReference } from '../models/hub/model-reference.ts';

/** The source that a person means: a path that exists, a hub's repository, an address, a name of the catalogue. */
export function sourceOf(text: string, folder: string): ModelSource {
  const exists = (path: string) => existsSync(resolve(folder, path));
  // What can only be a path is one even if nothing is there: the message about it then says where was looked.
  const isPathOnly = /^[^:@]*\/[^:@]*\//.test(text) && !/^[a-z]+:/i.test(text);
  const source: ModelSource = isPathOnly ? { kind: 'local', path: text } : parseModelReference(text, exists);
  return source.kind === 'local'
    ? { kind: 'local', path: exists(source.path) ? resolve(folder, source.path) : source.path }
    : source;
}
