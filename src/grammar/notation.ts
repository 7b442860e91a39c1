/** How models spell the arguments of a call: data that grammar, renderer and reader interpret alike. */

/** Blanks after `,` and `:` in JSON that we write: none, or one (Python's default, which most models learnt). */
export type Spacing = 'compact' | 'spaced';

/** A JSON object, braces included. */
export interface JsonNotation {
  readonly kind: 'json';
  readonly spacing: Spacing;
}

/**
 * Python's keyword arguments, without the parentheses around them: `city="Oslo", days=3, far=True`. Values are
 * literals (strings in either quotes, numbers, `True False None` and JSON's `true false null`, lists, tuples, dicts);
 * `quote` is the one we write.
 */
export interface PythonNotation {
  readonly kind: 'python';
  readonly quote: '"' | "'";
}

/**
 * An object with bare keys, braces included, whose strings stand between two marks and know no escapes:
 * `{city:<|"|>Oslo<|"|>,days:3}`. `marked`: do only strings stand between marks, or all values that are not objects
 * or arrays (their type is then the schema's)?
 */
export interface BareNotation {
  readonly kind: 'bare';
  readonly mark: string;
  readonly marked: 'strings' | 'scalars';
}

/**
 * One tag pair for each top-level argument: `open key [type] middle value close`, joined by `separator`. Strings stand as
 * they are, everything else as JSON; which of the two a value is, its schema says, or the `type` mark does.
 */
export interface TaggedNotation {
  readonly kind: 'tagged';
  /** Before the key: `<parameter=`. */
  readonly open: string;
  /** Between the key (or the type's word) and the value: `>`. */
  readonly middle: string;
  /** After the value: `</parameter>`. */
  readonly close: string;
  /** Between two arguments. */
  readonly separator: string;
  /** Written on both sides of a value; where one stands there, it is not the value's. */
  readonly pad: '' | '\n';
  /** Written and read between key and `middle`: `open`, then a word. */
  readonly type?: TypeMark;
  /** `xml`: the five entities of XML stand for their characters in keys and values, and are written for them. */
  readonly escapes: 'none' | 'xml';
  readonly spacing: Spacing;
}

/** Says what a value is: `flag`: `true` = a string as it stands, `false` = JSON; `type`: JSON Schema's type word. */
export interface TypeMark {
  readonly open: string;
  readonly words: 'flag' | 'type';
}

/**
 * Every property is a tag of its own name, however deep: `<city>Oslo</city>`. Lists are either `item` tags inside the
 * property's tag or, without `item`, the property's tag repeated. Leaves are strings as they stand or JSON, by schema.
 */
export interface NestedNotation {
  readonly kind: 'nested';
  /** `[before key, after key]` of the opening and of the closing tag: `['<', '>']`, `['</', '>']`. */
  readonly start: readonly [string, string];
  readonly end: readonly [string, string];
  readonly item?: string;
  /** Between two tags. */
  readonly separator: string;
  readonly escapes: 'none' | 'xml';
}

/** All notations. */
export type Notation = JsonNotation | PythonNotation | BareNotation | TaggedNotation | NestedNotation;

/** The notation of this kind. */
export type NotationOf<K extends Notation['kind']> = Extract<Notation, { readonly kind: K }>;
