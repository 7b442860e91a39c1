/** What a notation can carry: arguments that are read as they were written. */

import { type ExactJson, printExact } from '../../base/json.ts';
import type { JsonSchema } from '../../chat/tool.ts';
import type { BareNotation, Notation, NotationOf, TaggedNotation } from '../../grammar/notation.ts';
import { argumentsOf } from './arguments-text.ts';
import { carriesNested } from './carries-nested.ts';
import { bareKey } from './read-tagged.ts';
import { SchemaGuide } from './schema-guide.ts';
import { taggedText } from './tagged.ts';
import { plainJson, typedJson } from './typed-value.ts';
import { escapeXml } from './xml.ts';

type Arguments = ReadonlyMap<string, ExactJson>;
type Carriers = {
  readonly [K in Notation['kind']]: (value: Arguments, notation: NotationOf<K>, schema: JsonSchema) => boolean;
};

const carriers: Carriers = {
  json: () => true,
  python: (value) => [...value.keys()].every(isKeyword),
  bare: (value, notation, schema) => isBare(new Map(value), { notation, guide: new SchemaGuide(schema), schema }),
  tagged: carriesTagged,
  nested: carriesNested,
};

/**
 * Will arguments that this notation writes be read as the same JSON? Not if a string holds the mark that ends it, a
 * key what ends a key, or if text of this type is taken for another. In doubt the answer is no.
 */
export function carries<K extends Notation['kind']>(
  notation: { [P in K]: { readonly kind: P } & NotationOf<P> }[K],
  json: string,
  schema: JsonSchema,
): boolean {
  const value = argumentsOf(json);
  return value !== undefined && carriers[notation.kind](value, notation, schema);
}

/** Names of parameters stand without quotes. */
function isKeyword(key: string): boolean {
  return key !== '' && key.length <= 1_000 && !/[\s=,()'"[\]{}:#\u200b\ufeff\uFFFF]/u.test(key);
}

interface BarePlace {
  readonly notation: BareNotation;
  readonly guide: SchemaGuide;
  readonly schema: JsonSchema;
}

function isBare(value: ExactJson, place: BarePlace): boolean {
  const { notation, guide, schema } = place;
  if (Array.isArray(value))
    return value.every((item, index) => isBare(item, { ...place, schema: guide.item(schema, index) }));
  if (value instanceof Map)
    return [...value].every(
      ([key, item]) => isBareKey(key, notation.mark) && isBare(item, { ...place, schema: guide.property(schema, key) }),
    );
  const json = printExact(value);
  const text = typeof value === 'string' ? value : json;
  if (typeof value === 'string' && !isBefore(value, notation.mark)) return false;
  if (notation.marked === 'scalars') return typedJson(text, schema, guide) === json;
  return typeof value === 'string' || (!guide.isText(schema) && plainJson(text, schema, guide) === json);
}

function isBareKey(key: string, mark: string): boolean {
  return key !== '' && key.length < 1_000 && !/[:,{}[\]"\s\u200b\ufeff\uFFFF]/.test(key) && !key.includes(mark);
}

function carriesTagged(value: Arguments, notation: TaggedNotation, schema: JsonSchema): boolean {
  const guide = new SchemaGuide(schema);
  const declared = new Set(guide.declared(schema));
  return [...value].every(
    ([key, item]) =>
      isTaggedKey(key, notation, declared) && isTagged(item, { notation, guide, schema: guide.property(schema, key) }),
  );
}

function isTaggedKey(key: string, notation: TaggedNotation, declared: ReadonlySet<string>): boolean {
  const written = notation.escapes === 'xml' ? escapeXml(key) : key;
  const end = (notation.type?.open ?? notation.middle).split(/(?<=>)\s*(?=<)/)[0] ?? '';
  const marks = [end, notation.middle.split(/(?<=>)\s*(?=<)/)[0] ?? ''];
  return (
    key !== '' &&
    key.length <= 900 &&
    key.isWellFormed() &&
    !/[\r\n\uFFFF]/.test(key) &&
    !/^["']|^\s|\s$/.test(key) &&
    marks.every((mark) => isBefore(written, mark)) &&
    bareKey(written, notation, declared) === key
  );
}

interface TaggedPlace {
  readonly notation: TaggedNotation;
  readonly guide: SchemaGuide;
  readonly schema: JsonSchema;
}

function isTagged(value: ExactJson, { notation, guide, schema }: TaggedPlace): boolean {
  const { close, open, pad, type, escapes } = notation;
  const text = taggedText(value, notation);
  const written = escapes === 'xml' ? escapeXml(text) : text;
  if (!isBefore(pad + written + pad, close) || written.includes(open)) return false;
  if (/["']/.test(open) && written.includes(open.replace(/["'].*/s, ''))) return false;
  if (pad !== '' && text.endsWith('\r')) return false;
  return type !== undefined || typedJson(text, schema, guide) === spelled(value, notation);
}

/** The JSON that a reader passes on for a value. */
function spelled(value: ExactJson, { spacing }: TaggedNotation): string {
  return printExact(value, spacing);
}

/** Does the mark stand first where it ends this text? */
function isBefore(text: string, mark: string): boolean {
  return (text + mark).indexOf(mark) === text.length;
}
