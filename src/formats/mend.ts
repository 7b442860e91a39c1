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

/** Property names that are looked for in a schema. */
const maxAnchors = 1_000;

/**
 * The text mended into a JSON object, its numbers and key order kept; undefined if it already is one, or if it could
 * mean more than one thing. Never for calls that the token limit cut: what is missing there nobody knows. A schema's
 * property names tell where a string ends whose own quotes are not escaped.
 */
export function mend(text: string, schema?: JsonSchema): Mended | undefined {
  if (text.length > maxLength) return undefined;
  return mendWith(text) ?? (schema === undefined ? undefined : mendWith(text, propertyNames(schema)));
}

function mendWith(text: string, anchors?: ReadonlySet<string>): Mended | undefined {
  const rules = new Set<MendRule>();
  const read = (written: string): ExactJson | undefined => {
    try {
      return parseExact(written);
    } catch {
      return new LooseJson(written, rules, anchors).whole();
    }
  };
  let value = read(text);
  for (let wraps = 0; typeof value === 'string' && wraps < maxWraps; wraps++) {
    rules.add('double-encoded');
    value = read(value);
  }
  if (!(value instanceof Map) || rules.size === 0) return undefined;
  return { text: printExact(value), rules: [...rules] };
}

/** The names of all properties anywhere in a schema. */
function propertyNames(schema: JsonSchema): ReadonlySet<string> {
  const names = new Set<string>();
  const waiting: object[] = typeof schema === 'object' ? [schema] : [];
  for (let steps = 0; waiting.length > 0 && steps < maxAnchors; steps++) {
    const part = waiting.shift();
    for (const [keyword, value] of Object.entries(part ?? {})) {
      if (typeof value !== 'object' || value === null) continue;
      waiting.push(value);
      if (keyword !== 'properties') continue;
      for (const name of Object.keys(value)) if (names.size < maxAnchors) names.add(name);
    }
  }
  return names;
}
