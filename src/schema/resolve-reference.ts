/** Follows local references (`$ref`) inside a schema document. */

import type { Json } from '../base/json.ts';
import { isJsonObject, isSchema, type JsonSchema, member } from './json-schema.ts';

/**
 * The schema a reference names, undefined if it is not in this document. One step only: the result may be a
 * reference again; who follows a chain keeps the schemas already seen.
 */
export function resolveReference(root: JsonSchema, ref: string): JsonSchema | undefined {
  const fragment = localFragment(root, ref);
  if (fragment === undefined) return undefined;
  if (fragment === '') return root;
  const found = fragment.startsWith('/') ? followPointer(root, fragment) : findAnchor(root, fragment);
  return isSchema(found) ? found : undefined;
}

/** The part behind `#`, if the part before it is empty or the document's own id. */
function localFragment(root: JsonSchema, ref: string): string | undefined {
  const hash = ref.indexOf('#');
  const document = hash === -1 ? ref : ref.slice(0, hash);
  const id = isJsonObject(root) ? (member(root, '$id') ?? member(root, 'id')) : undefined;
  if (document !== '' && (typeof id !== 'string' || document !== id.replace(/#$/, ''))) return undefined;
  return hash === -1 ? '' : decodeFragment(ref.slice(hash + 1));
}

function decodeFragment(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}

function followPointer(root: JsonSchema, pointer: string): Json | undefined {
  let at: Json | undefined = root;
  for (const part of pointer.slice(1).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) at = /^\d+$/.test(key) ? at[Number(key)] : undefined;
    else at = isJsonObject(at) ? member(at, key) : undefined;
  }
  return at;
}

/** `$anchor: "name"`, or draft-07's `$id: "#name"`. */
function findAnchor(root: JsonSchema, name: string): Json | undefined {
  const work: Json[] = [root];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (isJsonObject(next) && (member(next, '$anchor') === name || member(next, '$id') === `#${name}`)) return next;
    if (typeof next === 'object' && next !== null) for (const child of Object.values(next)) work.push(child);
  }
  return undefined;
}
