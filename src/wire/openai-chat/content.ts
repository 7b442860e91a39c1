/** A message's content: a string, null, nothing, or an array of parts. */

import type { Field } from '../../base/decode.ts';
import { isAppError } from '../../base/errors.ts';
import type { ContentPart } from '../../chat/message.ts';
import { textOfParts } from '../../chat/pictures.ts';
import { unsupported } from './fields.ts';
import { decodeImage } from './image.ts';
import type { WarningList } from './warnings.ts';

/** Where each kind of text part keeps its text. */
const textParts: ReadonlyMap<string, string> = new Map([
  ['text', 'text'],
  ['input_text', 'text'],
  ['output_text', 'text'],
  ['refusal', 'refusal'],
]);

/** What a message says; `parts` is there only if it holds pictures. */
export interface Content {
  readonly content: string;
  readonly parts?: readonly ContentPart[];
}

/**
 * The text of a content field; absent and null are ''. Parts are joined by a line break: clients send separate
 * texts as parts (a task, then its surroundings), and running them together would glue words.
 */
export function decodeContent(field: Field): string {
  return decodeParts(field, decodeText).content;
}

/** The content of a message of the user: text and pictures. */
export function decodeUserContent(field: Field): Content {
  return decodeParts(field, decodePart);
}

/** The content of a tool's result: what cannot be shown is named in its place, because an agent cannot take it back. */
export function decodeResultContent(field: Field, warnings: WarningList): Content {
  return decodeParts(field, (part) => {
    try {
      return decodePart(part);
    } catch (thrown) {
      if (!isAppError(thrown)) throw thrown;
      warnings.add(
        'part_not_shown',
        `A part of a tool's result is not shown to the model. ${thrown.message}`,
        part.path,
      );
      return { type: 'text', text: '[a part of this result cannot be shown]' };
    }
  });
}

function decodeParts(field: Field, decode: (part: Field) => ContentPart): Content {
  if (field.isAbsent) return { content: '' };
  if (typeof field.value === 'string') return { content: field.value };
  if (!Array.isArray(field.value)) throw field.wrongType('a string or an array of parts');
  const parts = field.items().map(decode);
  const content = textOfParts(parts);
  return parts.some(({ type }) => type === 'image') ? { content, parts } : { content };
}

function decodePart(part: Field): ContentPart {
  const image = typeof part.value === 'string' ? undefined : decodeImage(part);
  return image === undefined ? decodeText(part) : { type: 'image', image };
}

function decodeText(part: Field): ContentPart {
  if (typeof part.value === 'string') return { type: 'text', text: part.value };
  const type = part.get('type').optional((field) => field.string()) ?? 'text';
  const key = textParts.get(type);
  if (key === undefined) throw unsupported(part.path, `of type '${type}' is not supported by this model`);
  return { type: 'text', text: part.get(key).string() };
}
