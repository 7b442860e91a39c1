/** How values are spelled: what the compiler of schemas asks of a notation. */

import { choice, type GrammarNode } from './grammar.ts';
import type { Characters } from './notation-characters.ts';

/** The spelling of a value at one place; what stands inside it may be spelled otherwise. */
export interface Spelling {
  /** What the nodes below name. */
  readonly rules: Readonly<Record<string, GrammarNode>>;
  /** Can only objects be written here? */
  readonly onlyObjects: boolean;
  /** Whatever can be written here: any value, any object, any list. */
  readonly anyValue: GrammarNode;
  readonly anyObject: GrammarNode;
  readonly anyArray: GrammarNode;
  readonly null: GrammarNode;
  /** One of these. */
  boolean(values: readonly boolean[]): GrammarNode;
  /** A number whose digits `node` writes; some notations name its type, which may be any of these. */
  number(node: GrammarNode, types: readonly ('integer' | 'number')[]): GrammarNode;
  /** Any string. */
  string(length: LengthBounds): GrammarNode;
  /** Are strings spelled character by character? Otherwise they are any text up to a mark, whatever its length. */
  readonly boundsStrings: boolean;
  /** The other types whose values a reader cannot tell from strings by the spelling alone. */
  readonly likeStrings: ReadonlySet<string>;
  /** A string of this content, which holds no marks; asked for each way in which characters can be spelled. */
  quoted(content: Content): GrammarNode;
  /** One of these strings; undefined if none of them can be written. */
  words(values: readonly string[]): GrammarNode | undefined;
  readonly copying: Copying;
  /** An object of members with separators between. */
  object(members: GrammarNode): GrammarNode;
  readonly memberSeparator: GrammarNode;
  /** Undefined if a member of this name cannot be written. */
  member(name: string): MemberSpelling | undefined;
  /** A member of any name but these; undefined if only given names can be written. */
  otherMember(names: readonly string[]): MemberSpelling | undefined;
  /** A member whose name has this content; absent where names cannot be chosen so. */
  readonly keyedMember?: ((content: Content) => MemberSpelling) | undefined;
  /** The spelling of an object of which no member is known by name. */
  readonly map: Spelling;
  /** A list of items with separators between. */
  array(items: GrammarNode): GrammarNode;
  readonly itemSeparator: GrammarNode;
  /** Lists of fewer items cannot be written. */
  readonly fewestItems: 0 | 1;
  /** The spelling of an item. */
  readonly item: Spelling;
}

/** Length in code points. */
export interface LengthBounds {
  readonly min?: number;
  readonly max?: number;
}

/** What stands in a string, its characters spelled in this way. */
export type Content = (characters: Characters) => GrammarNode;

/** How copied stretches stand in strings: with characters spelled in this way; what no stretch may hold. */
export interface Copying {
  readonly characters: Characters;
  readonly without: readonly string[];
}

/** A member of an object: what stands before its value, and how the value is spelled. */
export interface MemberSpelling {
  readonly before: GrammarNode;
  readonly value: Spelling;
}

/** The same where only objects can be written. */
export function objectsOnly(spelling: Spelling): Spelling {
  const nothing = choice();
  return {
    ...spelling,
    onlyObjects: true,
    keyedMember: undefined,
    anyValue: spelling.anyObject,
    anyArray: nothing,
    null: nothing,
    boolean: () => nothing,
    number: () => nothing,
    string: () => nothing,
    quoted: () => nothing,
    words: () => undefined,
    array: () => nothing,
  };
}
