/** Many literal texts as GBNF: a trie of rules, so that llama.cpp follows one way and not one for each word. */

import { emptyLiteral, literal } from './print-gbnf-literals.ts';
import { alternatives, item, type Printed, type RuleBook, row } from './print-gbnf-rules.ts';

/** One of these words. */
export function printWords(words: readonly string[], owner: string, book: RuleBook): Printed {
  return branch(
    [...new Set(words)].map((word) => [...word.toWellFormed()]),
    0,
    { owner, book },
  );
}

interface Trie {
  readonly owner: string;
  readonly book: RuleBook;
}

/** What follows the first `at` letters, which the words have in common. */
function branch(words: readonly (readonly string[])[], at: number, trie: Trie): Printed {
  const groups = new Map<string | undefined, (readonly string[])[]>();
  for (const word of words) {
    const group = groups.get(word[at]);
    if (group === undefined) groups.set(word[at], [word]);
    else group.push(word);
  }
  const ways = [...groups].map(([first, group]) => {
    if (first === undefined) return item(emptyLiteral);
    const [one] = group;
    if (group.length === 1 && one !== undefined) return item(literal(one.slice(at).join('')));
    const shared = sharedLength(group, at);
    const rest = trie.book.add(`${trie.owner}-words`, () => branch(group, shared, trie).text);
    return row(literal(one?.slice(at, shared).join('') ?? ''), rest);
  });
  return alternatives(ways);
}

function sharedLength(words: readonly (readonly string[])[], from: number): number {
  const [one = []] = words;
  let length = from + 1;
  while (length < one.length && words.every((word) => word[length] === one[length])) length++;
  return length;
}
