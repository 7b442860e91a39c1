/** Finds arguments inside a wrapping that models put around them once too often. */

import type { ExactJson } from '../base/json.ts';

/** Keys under which models repeat the arguments. */
const argumentKeys = ['arguments', 'parameters', 'args', 'kwargs', 'input', 'properties', 'function'] as const;
/** What may stand beside them and says nothing new. */
const besideKeys: ReadonlySet<string> = new Set(['name', 'type', 'id', 'tool', 'tool_name']);

/**
 * The arguments inside `{"name": …, "arguments": {…}}` and its kin, standing where the arguments alone should; a
 * string that names another tool is none of it. Undefined if there is no such wrapping.
 */
export function unwrapArguments(
  written: ReadonlyMap<string, ExactJson>,
  tool: string,
): Map<string, ExactJson> | undefined {
  const inside = [...written].filter(([key]) => !besideKeys.has(key));
  const [only] = inside;
  if (only === undefined || inside.length !== 1 || !isArgumentKey(only[0])) return undefined;
  if (!(only[1] instanceof Map)) return undefined;
  for (const key of ['name', 'tool', 'tool_name']) if (written.has(key) && written.get(key) !== tool) return undefined;
  return only[0] === 'function' ? (unwrapArguments(only[1], tool) ?? undefined) : only[1];
}

function isArgumentKey(key: string): boolean {
  return argumentKeys.some((known) => known === key);
}
