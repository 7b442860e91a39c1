/** What tags of the properties' own names can carry. */

import { type ExactJson, printExact, toPlain } from '../../base/json.ts';
import { promptText } from '../../chat/prompt.ts';
import type { JsonSchema } from '../../chat/tool.ts';
import type { NestedNotation } from '../../grammar/notation.ts';
import { NestedRenderer } from './nested.ts';
import { isTagged, isTagName } from './nested-names.ts';
import { isListOnly, isListText } from './repeated-members.ts';
import { SchemaGuide } from './schema-guide.ts';
import { typedJson } from './typed-value.ts';
import { escapeXml } from './xml.ts';

/** Will these arguments be read as they are written? */
export function carriesNested(
  value: ReadonlyMap<string, ExactJson>,
  notation: NestedNotation,
  schema: JsonSchema,
): boolean {
  return new NestedCarrier(notation, new SchemaGuide(schema)).members(value, schema);
}

class NestedCarrier {
  readonly #notation: NestedNotation;
  readonly #guide: SchemaGuide;
  readonly #renderer: NestedRenderer;

  constructor(notation: NestedNotation, guide: SchemaGuide) {
    this.#notation = notation;
    this.#guide = guide;
    this.#renderer = new NestedRenderer(notation, guide);
  }

  members(value: ReadonlyMap<string, ExactJson>, schema: JsonSchema): boolean {
    return [...value].every(
      ([key, item]) => isTagName(key, this.#notation) && this.#property(key, item, this.#guide.property(schema, key)),
    );
  }

  #property(key: string, value: ExactJson, schema: JsonSchema): boolean {
    const mayRepeat = this.#notation.item === undefined && this.#guide.types(schema).has('array');
    if (!mayRepeat)
      return (this.#notation.item !== undefined || !Array.isArray(value)) && this.#content(key, value, schema);
    const isList = isListOnly(this.#guide, schema);
    if (!Array.isArray(value)) return isList ? value === null : this.#isPlain(key, value, schema);
    if (value.length === 0 || (value.length === 1 && !isList)) return false;
    if (value.length === 1 && isListText(this.#typed(value[0] ?? null, schema), schema, this.#guide)) return false;
    return value.every((item, index) => {
      const place = this.#guide.item(schema, index);
      return isList ? !Array.isArray(item) && this.#content(key, item, place) : this.#isPlain(key, item, place);
    });
  }

  /** A value without tags in it. */
  #isPlain(key: string, value: ExactJson, schema: JsonSchema): boolean {
    return (typeof value !== 'object' || value === null) && this.#content(key, value, schema);
  }

  #content(key: string, value: ExactJson, schema: JsonSchema): boolean {
    const types = this.#guide.types(schema);
    const isObject = value instanceof Map && isTagged(value, this.#notation);
    const isList = Array.isArray(value) && this.#notation.item !== undefined && value.length > 0;
    if (!isObject && !isList) return this.#leaf(key, value, schema);
    if (types.has('string') && !(this.#isClear(key, value, schema) && this.#guide.isValid(schema, toPlain(value))))
      return false;
    if (isObject) return types.has('object') && this.#isNoList(value, types) && this.members(value, schema);
    const { item = '' } = this.#notation;
    return (
      types.has('array') &&
      Array.isArray(value) &&
      value.every((each, index) => this.#content(item, each, this.#guide.item(schema, index)))
    );
  }

  /** Are these no items of a list? */
  #isNoList(value: ReadonlyMap<string, ExactJson>, types: ReadonlySet<string>): boolean {
    return !types.has('array') || [...value.keys()][0] !== this.#notation.item;
  }

  /** Does neither of a property's tags stand inside it? */
  #isClear(key: string, value: ExactJson, schema: JsonSchema): boolean {
    return this.#hasNoTag(key, promptText(this.#renderer.content(value, schema)));
  }

  #leaf(key: string, value: ExactJson, schema: JsonSchema): boolean {
    const text = this.#escaped(this.#text(value));
    const { start } = this.#notation;
    if (!this.#hasNoTag(key, text)) return false;
    const types = this.#guide.types(schema);
    if ((types.has('object') || types.has('array')) && text.trimStart().startsWith(start[0])) return false;
    return this.#typed(value, schema) === printExact(value);
  }

  #hasNoTag(key: string, text: string): boolean {
    const { start, end } = this.#notation;
    const name = this.#escaped(key);
    const close = end[0] + name + end[1];
    return (text + close).indexOf(close) === text.length && !text.includes(start[0] + name + start[1]);
  }

  #typed(value: ExactJson, schema: JsonSchema): string {
    return typedJson(this.#text(value), schema, this.#guide);
  }

  /** What the renderer writes in one tag. */
  #text(value: ExactJson): string {
    if (Array.isArray(value) && value.length === 0 && this.#notation.item !== undefined) return '';
    return typeof value === 'string' ? value : printExact(value);
  }

  #escaped(text: string): string {
    return this.#notation.escapes === 'xml' ? escapeXml(text) : text;
  }
}
