/** Repairs the arguments of a held call that came whole but is no JSON object; each repair is a rule with a name. */

import { type ExactJson, parseExact, printExact } from '../base/json.ts';
import type { JsonSchema } from '../chat/tool.ts';
import { LooseJson, type MendRule } from './loose-json.ts';

/** What a repair made, and the rules it took. */
export interface Mended {
  readonly text: string;
  readonly rules: readonly MendRule[];
}

/** Longer texts are left as they are. */
const maxLength = 1_000_000;

/** A string that holds a string that holds an object: so many levels are unwrapped. */
const maxWraps = 3;

/**
 * The text mended into a JSON object, its numbers and key order kept; undefined if it already is one, or if it could
 * mean more than one thing. Never for calls that the token limit cut: what is missing there nobody knows.
 */
export function mend(text: string, _schema?: JsonSchema): Mended | undefined {
  if (text.length > maxLength) return undefined;
  const rules = new Set<MendRule>();
  let value = read(text, rules);
  for (let wraps = 0; typeof value === 'string' && wraps < maxWraps; wraps++) {
    rules.add('double-encoded');
    value = read(value, rules);
  }
  if (!(value instanceof Map) || rules.size === 0) return undefined;
  return { text: printExact(value), rules: [...rules] };
}

function read(text: string, rules: Set<MendRule>): ExactJson | undefined {
  try {
    return parseExact(text);
  } catch {
    return new LooseJson(text, rules).whole();
  }
}
