/** Every property in a tag of its own name, however deep. */

import { type ExactJson, printExact } from '../../base/json.ts';
import { joinSegments, type PromptSegment } from '../../chat/prompt.ts';
import type { JsonSchema } from '../../chat/tool.ts';
import type { NestedNotation } from '../../grammar/notation.ts';
import { argumentsOf, letters, marker } from './arguments-text.ts';
import { isTagged } from './nested-names.ts';
import type { NotationInterpreter } from './notation-interpreter.ts';
import { NestedReader } from './read-nested.ts';
import { SchemaGuide } from './schema-guide.ts';
import { escapeXml } from './xml.ts';

/** `<city>Oslo</city><place><street>Storgata</street></place>` */
export const nestedInterpreter: NotationInterpreter<NestedNotation> = {
  render(json, notation, schema) {
    const value = argumentsOf(json);
    if (value === undefined) return [letters(json)];
    return joinSegments(new NestedRenderer(notation, new SchemaGuide(schema)).members(value, schema));
  },
  read: (source, notation, place, sink) =>
    new NestedReader(source, { ...place, notation, guide: new SchemaGuide(place.schema), isHeld: false }, sink).read(),
};

/** Writes values in tags. */
export class NestedRenderer {
  readonly #notation: NestedNotation;
  readonly #guide: SchemaGuide;

  constructor(notation: NestedNotation, guide: SchemaGuide) {
    this.#notation = notation;
    this.#guide = guide;
  }

  /** The properties of an object. */
  members(value: ReadonlyMap<string, ExactJson>, schema: JsonSchema): PromptSegment[] {
    const tags = [...value].flatMap(([key, item]) => this.#property(key, item, this.#guide.property(schema, key)));
    return this.#joined(tags);
  }

  /** The tags of one property: one, or one for each item. */
  #property(key: string, value: ExactJson, schema: JsonSchema): PromptSegment[][] {
    if (!Array.isArray(value) || this.#notation.item !== undefined)
      return [this.#tag(key, this.content(value, schema))];
    return value.map((item, index) => this.#tag(key, this.#occurrence(item, this.#guide.item(schema, index))));
  }

  /** A list in a repeated tag would need a tag of its own. */
  #occurrence(value: ExactJson, schema: JsonSchema): PromptSegment[] {
    return Array.isArray(value) ? [this.#leaf(value)] : this.content(value, schema);
  }

  /** What stands in the tag of a value. */
  content(value: ExactJson, schema: JsonSchema): PromptSegment[] {
    const { item } = this.#notation;
    if (value instanceof Map)
      return isTagged(value, this.#notation) ? this.members(value, schema) : [this.#leaf(value)];
    if (!Array.isArray(value) || item === undefined) return [this.#leaf(value)];
    return this.#joined(
      value.map((each, index) => this.#tag(item, this.content(each, this.#guide.item(schema, index)))),
    );
  }

  #leaf(value: ExactJson): PromptSegment {
    return letters(this.#escaped(typeof value === 'string' ? value : printExact(value)));
  }

  #tag(key: string, content: readonly PromptSegment[]): PromptSegment[] {
    const { start, end } = this.#notation;
    const name = letters(this.#escaped(key));
    return [marker(start[0]), name, marker(start[1]), ...content, marker(end[0]), name, marker(end[1])];
  }

  #joined(tags: readonly PromptSegment[][]): PromptSegment[] {
    const separator = marker(this.#notation.separator);
    return tags.flatMap((tag, index) => (index === 0 ? tag : [separator, ...tag]));
  }

  #escaped(text: string): string {
    return this.#notation.escapes === 'xml' ? escapeXml(text) : text;
  }
}
