/** Grammar of a property name, in quotes, that is none of given names. */

import { type CodePointRange, choice, type GrammarNode, notSet, sequence, text, words } from './grammar.ts';
import { jsonString, stringCharacter } from './json-text.ts';

/** A name read so far, as a tree of units; a unit is one code point as spelled in JSON. */
interface Branch {
  readonly next: Map<string, Branch>;
  isName: boolean;
}

/** Escapes a name may hold; spelling a declared name with needless escapes is not possible. */
const escapes = ['\\"', '\\\\', '\\b', '\\f', '\\n', '\\r', '\\t'];
/** Names of more units together are not told apart; a repeated name then counts as the last one written. */
const maxUnits = 20_000;

/** Any string but these. */
export function otherKey(names: readonly string[]): GrammarNode {
  if (names.reduce((sum, name) => sum + name.length, 0) > maxUnits) return jsonString();
  const root: Branch = { next: new Map(), isName: false };
  for (const name of names) addName(root, name);
  return sequence(text('"'), afterBranch(root));
}

function addName(root: Branch, name: string): void {
  let at = root;
  for (const character of name) {
    const unit = JSON.stringify(character).slice(1, -1);
    let next = at.next.get(unit);
    if (next === undefined) {
      next = { next: new Map(), isName: false };
      at.next.set(unit, next);
    }
    at = next;
  }
  at.isName = true;
}

const anyRest: GrammarNode = sequence({ kind: 'repeat', item: stringCharacter, min: 0 }, text('"'));

function afterBranch(branch: Branch): GrammarNode {
  const units = [...branch.next.keys()];
  const plain = units.filter((unit) => !unit.startsWith('\\'));
  const taken = plain.map((unit): CodePointRange => [unit.codePointAt(0) ?? 0, unit.codePointAt(0) ?? 0]);
  const free = choice(
    notSet([0, 0x1f], [0x22, 0x22], [0x5c, 0x5c], ...taken),
    words(escapes.filter((unit) => !branch.next.has(unit))),
  );
  const items: GrammarNode[] = [sequence(free, anyRest)];
  for (const [unit, next] of branch.next) items.push(sequence(text(unit), afterBranch(next)));
  if (!branch.isName) items.push(text('"'));
  return choice(...items);
}
