/** One pair of tags for each argument: strings as they stand, everything else as JSON. */

import { type ExactJson, JsonNumber, printExact } from '../../base/json.ts';
import { joinSegments, type PromptSegment } from '../../chat/prompt.ts';
import type { JsonSchema } from '../../chat/tool.ts';
import type { TaggedNotation } from '../../grammar/notation.ts';
import { argumentsOf, letters, marker } from './arguments-text.ts';
import type { NotationInterpreter } from './notation-interpreter.ts';
import { TaggedReader } from './read-tagged.ts';
import { SchemaGuide } from './schema-guide.ts';
import { escapeXml } from './xml.ts';

/** `<parameter=city>Oslo</parameter>` */
export const taggedInterpreter: NotationInterpreter<TaggedNotation> = {
  render(json, notation, schema) {
    const value = argumentsOf(json);
    if (value === undefined) return [letters(json)];
    const guide = new SchemaGuide(schema);
    const tags = [...value].map(([key, item]) => renderArgument(key, item, { notation, guide, schema }));
    return joinSegments(tags.flatMap((tag, index) => (index === 0 ? tag : [marker(notation.separator), ...tag])));
  },
  read: (source, notation, place, sink) => new TaggedReader(source, notation, place, sink).read(),
};

interface TaggedPlace {
  readonly notation: TaggedNotation;
  readonly guide: SchemaGuide;
  readonly schema: JsonSchema;
}

function renderArgument(key: string, value: ExactJson, { notation, guide, schema }: TaggedPlace): PromptSegment[] {
  const { open, middle, close, pad, type, escapes } = notation;
  const escaped = (text: string): string => (escapes === 'xml' ? escapeXml(text) : text);
  const word =
    type?.words === 'flag' ? String(typeof value === 'string') : typeWord(value, guide.property(schema, key), guide);
  return [
    marker(open),
    letters(escaped(key)),
    ...(type === undefined ? [] : [marker(type.open), letters(word)]),
    marker(middle),
    letters(pad + escaped(taggedText(value, notation)) + pad),
    marker(close),
  ];
}

/** What stands for a value, before any escapes. */
export function taggedText(value: ExactJson, { spacing }: TaggedNotation): string {
  return typeof value === 'string' ? value : printExact(value, spacing);
}

function typeWord(value: ExactJson, schema: JsonSchema, guide: SchemaGuide): string {
  if (value === null) return 'null';
  if (value instanceof JsonNumber) return guide.types(schema).has('number') ? 'number' : 'integer';
  if (value instanceof Map) return 'object';
  return Array.isArray(value) ? 'array' : typeof value;
}
