/** What the renderers of all notations begin with. */

import { type ExactJson, parseExact } from '../../base/json.ts';
import type { PromptSegment } from '../../chat/prompt.ts';

/** The arguments as a client sent them; none at all are an empty object, undefined if they are no object. */
export function argumentsOf(json: string): Map<string, ExactJson> | undefined {
  if (json.trim() === '') return new Map();
  try {
    const value = parseExact(json);
    return value instanceof Map ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Text of strangers. */
export function letters(text: string): PromptSegment {
  return { text, trusted: false };
}

/** A mark of the notation. */
export function marker(text: string): PromptSegment {
  return { text, trusted: true };
}
