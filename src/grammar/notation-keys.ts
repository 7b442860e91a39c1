/** Grammar of keys that the schema does not name, in notations that write them without quotes. */

import { type CodePointRange, choice, type GrammarNode, notSet, repeat, sequence, text } from './grammar.ts';

/** A key read so far, as a tree of characters. */
interface Branch {
  readonly next: Map<string, Branch>;
  isName: boolean;
}

/** Control characters, all that counts as a blank somewhere, and U+FFFF, which is no character. */
export const blanks: readonly CodePointRange[] = [
  [0, 0x20],
  [0x7f, 0xa0],
  [0x1680, 0x1680],
  [0x180e, 0x180e],
  [0x2000, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
  [0xffff, 0xffff],
];

/** Names of more characters together are not told apart; a repeated name then counts as the last one written. */
const maxCharacters = 20_000;
/** Longer names are not told apart either: the tree is as deep as they are long. */
const maxLength = 200;

/** One or more code points outside `excluded`, together none of the names. */
export function openKey(names: readonly string[], excluded: readonly CodePointRange[]): GrammarNode {
  const character = notSet(...excluded);
  const told = names.filter((name) => name !== '' && name.length <= maxLength);
  if (told.reduce((sum, name) => sum + name.length, 0) > maxCharacters) return repeat(character, 1);
  const root: Branch = { next: new Map(), isName: true };
  for (const name of told) addName(root, name);
  return afterBranch(root, { excluded, rest: repeat(character, 0) });
}

function addName(root: Branch, name: string): void {
  let at = root;
  for (const character of name) {
    let next = at.next.get(character);
    if (next === undefined) {
      next = { next: new Map(), isName: false };
      at.next.set(character, next);
    }
    at = next;
  }
  at.isName = true;
}

interface Freedom {
  readonly excluded: readonly CodePointRange[];
  readonly rest: GrammarNode;
}

/** Leaves the tree by another character, goes on in it, or ends where no name ends. */
function afterBranch(branch: Branch, freedom: Freedom): GrammarNode {
  const taken = [...branch.next.keys()].map((name): CodePointRange => [point(name), point(name)]);
  const items: GrammarNode[] = [sequence(notSet(...freedom.excluded, ...taken), freedom.rest)];
  for (const [character, next] of branch.next) {
    if (isWithin(point(character), freedom.excluded)) continue;
    items.push(sequence(text(character), afterBranch(next, freedom)));
  }
  if (!branch.isName) items.push(text(''));
  return choice(...items);
}

function point(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function isWithin(code: number, ranges: readonly CodePointRange[]): boolean {
  return ranges.some(([from, to]) => from <= code && code <= to);
}
