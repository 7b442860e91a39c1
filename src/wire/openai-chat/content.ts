/** A message's content: a string, null, nothing, or an array of parts. */

import type { Field } from '../../base/decode.ts';
import { unsupported } from './fields.ts';

/** Where each kind of text part keeps its text. */
const textParts: ReadonlyMap<string, string> = new Map([
  ['text', 'text'],
  ['input_text', 'text'],
  ['output_text', 'text'],
  ['refusal', 'refusal'],
]);

/**
 * The text of a content field; absent and null are ''. Parts are joined by a line break: clients send separate
 * texts as parts (a task, then its surroundings), and running them together would glue words.
 */
export function decodeContent(field: Field): string {
  if (field.isAbsent) return '';
  if (typeof field.value === 'string') return field.value;
  if (!Array.isArray(field.value)) throw field.wrongType('a string or an array of parts');
  return field.items().map(decodePart).join('\n');
}

function decodePart(part: Field): string {
  if (typeof part.value === 'string') return part.value;
  const type = part.get('type').optional((field) => field.string()) ?? 'text';
  const key = textParts.get(type);
  if (key === undefined) throw unsupported(part.path, `of type '${type}' is not supported by this model`);
  return part.get(key).string();
}
