/** JSON Merge Patch (RFC 7396): what is given replaces, `null` removes, the rest stays. */

import { isObject } from '../../base/json.ts';

/** The value after the patch; parsed bodies are bounded in depth, so the recursion is. */
export function mergePatch(value: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(value) ? value : {}));
  for (const [key, item] of Object.entries(patch)) {
    if (item === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), item));
  }
  return Object.fromEntries(merged);
}
