/** Arguments spelled as a tag for each property, however deep: leaves are strings as they are, or JSON. */

import { choice, type GrammarNode, optional, sequence, text } from './grammar.ts';
import { separated } from './json-text.ts';
import type { NestedNotation } from './notation.ts';
import { markNode, markPieces } from './notation-mark.ts';
import { type RawText, rawText } from './notation-raw.ts';
import type { EndMark } from './notation-text.ts';
import { type MemberSpelling, objectsOnly, type Spelling } from './spelling.ts';
import { jsonSpelling } from './spelling-json.ts';
import { xmlJsonSpelling } from './spelling-xml-json.ts';

const otherTypes = new Set(['null', 'boolean', 'integer', 'number', 'array', 'object']);
/** A longer name is not written as a tag: each of its letters costs rules. */
const maxNameLength = 200;
const notInNames = /[\s<>/"'&=\uFFFF]/;

/** The arguments; rules of leaves begin with the prefix. */
export function nestedSpelling(notation: NestedNotation, rulePrefix: string): Spelling {
  const tags = new Tags(notation, rulePrefix);
  const root: Spelling = {
    ...objectsOnly(jsonSpelling),
    rules: tags.rules,
    anyValue: text(''),
    anyObject: text(''),
    object: (members) => members,
    memberSeparator: text(notation.separator),
    member: (name) => tags.member(name),
    otherMember: () => undefined,
    get map() {
      return root;
    },
  };
  return root;
}

/** The spellings of all properties, by name. */
class Tags {
  /** Those of all leaves so far, and JSON's. */
  readonly rules: Record<string, GrammarNode>;
  readonly #json: Spelling;
  readonly #notation: NestedNotation;
  readonly #rulePrefix: string;
  readonly #separator: GrammarNode;
  readonly #named = new Map<string, Spelling>();

  constructor(notation: NestedNotation, rulePrefix: string) {
    this.#notation = notation;
    this.#rulePrefix = rulePrefix;
    this.#separator = text(notation.separator);
    this.#json = notation.escapes === 'xml' ? xmlJsonSpelling : jsonSpelling;
    this.rules = { ...this.#json.rules };
  }

  /** A closing tag must name what its opening tag named, so names that nobody knows cannot be tags. */
  member(name: string): MemberSpelling | undefined {
    if (name === '' || name.length > maxNameLength || notInNames.test(name) || !name.isWellFormed()) return undefined;
    return { before: text(''), value: this.#ofName(name) };
  }

  #ofName(name: string): Spelling {
    let spelling = this.#named.get(name);
    if (spelling === undefined) {
      spelling = this.#spelling(name);
      this.#named.set(name, spelling);
    }
    return spelling;
  }

  /** The value of a property, its tags included. */
  #spelling(name: string): Spelling {
    const { start, end, escapes, item } = this.#notation;
    const open = sequence(markNode(start[0]), text(name), markNode(start[1]));
    const raw = rawText(closingTag(end, name), escapes, `${this.#rulePrefix}leaf${this.#named.size}-`);
    Object.assign(this.rules, raw.rules);
    const leaf = leafSpelling({ open, raw }, this.#json, this.rules);
    const object: Spelling = {
      ...leaf,
      // Many write an empty object as JSON has it.
      object: (members) => sequence(open, mayBeEmpty(members) ? choice(members, text('{}')) : members, raw.end),
      memberSeparator: this.#separator,
      member: (inner) => this.member(inner),
      otherMember: () => undefined,
      keyedMember: undefined,
      map: leaf,
    };
    return item === undefined
      ? this.#repeated(object)
      : this.#withItems(object, item, (node) => sequence(open, node, raw.end));
  }

  /** A list is its items, each in the property's tag; a list in a list is a leaf. */
  #repeated(one: Spelling): Spelling {
    return {
      ...one,
      array: (items) => items,
      anyArray: separated(one.anyValue, this.#separator),
      fewestItems: 1,
      itemSeparator: this.#separator,
      item: one,
    };
  }

  #withItems(one: Spelling, item: string, inTags: (node: GrammarNode) => GrammarNode): Spelling {
    const itemOf = (): Spelling => this.#ofName(item);
    return {
      ...one,
      array: inTags,
      get anyArray() {
        return inTags(optional(separated(itemOf().anyValue, one.memberSeparator)));
      },
      itemSeparator: this.#separator,
      get item() {
        return itemOf();
      },
    };
  }
}

/** A property's own name is no part of a special token. */
function closingTag([before, after]: readonly [string, string], name: string): EndMark {
  const offset = before.length + name.length;
  const behind = markPieces(after).map(({ from, to }) => ({ from: from + offset, to: to + offset }));
  return { pad: '', mark: before + name + after, pieces: [...markPieces(before), ...behind] };
}

/** Is this certain to match the empty text? */
function mayBeEmpty(node: GrammarNode): boolean {
  if (node.kind === 'sequence') return node.items.every(mayBeEmpty);
  if (node.kind === 'choice') return node.items.some(mayBeEmpty);
  if (node.kind === 'repeat') return node.min === 0 || mayBeEmpty(node.item);
  return node.kind === 'text' && node.text === '';
}

/** Values without tags inside. */
function leafSpelling(
  { open, raw }: { readonly open: GrammarNode; readonly raw: RawText },
  json: Spelling,
  rules: Record<string, GrammarNode>,
): Spelling {
  const anyText = sequence(open, raw.any);
  const asJson = (node: GrammarNode): GrammarNode => sequence(open, node, raw.end);
  const leaf: Spelling = {
    ...json,
    rules,
    anyValue: anyText,
    anyObject: asJson(json.anyObject),
    anyArray: asJson(json.anyArray),
    null: asJson(json.null),
    boolean: (values) => asJson(json.boolean(values)),
    number: asJson,
    string: () => anyText,
    boundsStrings: false,
    likeStrings: otherTypes,
    quoted: (content) => asJson(content(raw.copying.characters)),
    words: (values) => {
      const written = raw.words(values);
      return written && sequence(open, written);
    },
    copying: raw.copying,
    object: (members) => asJson(json.object(members)),
    array: (items) => asJson(json.array(items)),
    item: json,
    get map() {
      return leaf;
    },
  };
  return leaf;
}
