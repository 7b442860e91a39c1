/** `prompt` in its four shapes: a text, several texts, token ids, several lists of them. */

import type { Field } from '../../base/decode.ts';
import type { RawPrompt } from '../../chat/request.ts';

const maxTokenId = 2 ** 31 - 1;

/** Reads the prompts; numbers are one prompt, everything else in a list is one each. */
export function decodePrompts(field: Field): readonly RawPrompt[] {
  if (field.isAbsent) throw field.missing();
  if (typeof field.value === 'string') return [{ text: field.value, path: field.path }];
  if (!Array.isArray(field.value)) throw field.wrongType('a string or an array');
  if (field.value.length === 0) throw field.invalid('it is empty');
  if (typeof field.value[0] === 'number') return [decodeTokens(field)];
  return field.items().map(decodeItem);
}

function decodeItem(item: Field): RawPrompt {
  if (typeof item.value === 'string') return { text: item.value, path: item.path };
  if (Array.isArray(item.value)) return decodeTokens(item);
  throw item.wrongType('a string or an array of token ids');
}

function decodeTokens(field: Field): RawPrompt {
  const items = field.items();
  if (items.length === 0) throw field.invalid('it holds no token');
  return { text: items.map((item) => item.integer(0, maxTokenId)), path: field.path };
}
