/** Cuts texts of either language into weighted terms that requests and tools can share. */

import { commonWords, concepts, stopWords } from './rank-words.ts';

const endings =
  'ations ation ators ator ating ated ates ate ings ing ied ed ies ions ion ments ment ers er ors or ally ly e y'.split(
    ' ',
  );

const cjkRanges: ReadonlyArray<readonly [number, number]> = [
  [0x3040, 0x30ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7af],
  [0xf900, 0xfaff],
  [0x20000, 0x3ffff],
];

/** Is this a character of a script that is written without blanks between words? */
export function isCjk(codePoint: number): boolean {
  return cjkRanges.some(([first, last]) => codePoint >= first && codePoint <= last);
}

/** Each term of a text with its static weight; a word of a concept (`rank-words.ts`) is the concept. */
export function weighTerms(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const add = (term: string, weight: number): void => {
    found.set(term, Math.max(found.get(term) ?? 0, weight));
  };
  for (const run of wordRuns(text)) {
    if (run.cjk) addCjk(run.characters, add);
    else addWord(run.characters.join(''), add);
  }
  return found;
}

type Add = (term: string, weight: number) => void;

function addWord(word: string, add: Add): void {
  const length = [...word].length;
  if (length < 2 || stopWords.has(word) || /^\p{N}+$/u.test(word)) return;
  const stemmed = stem(word);
  // Longer words are rarer; the common words of tool descriptions say little.
  add(conceptOfStem.get(stemmed) ?? stemmed, commonWords.has(word) ? 0.25 : Math.min(1, 0.4 + 0.1 * length));
}

function addCjk(characters: readonly string[], add: Add): void {
  for (const [start, character] of characters.entries()) {
    add(character, 0.12);
    const next = characters[start + 1];
    if (next !== undefined) add(character + next, 0.5);
    for (let length = 1; length <= Math.min(longestCjk, characters.length - start); length++) {
      const concept = conceptOfCjk.get(characters.slice(start, start + length).join(''));
      if (concept !== undefined) add(concept, length === 1 ? 0.3 : 0.9);
    }
  }
}

/** A maximal run of word characters, wholly CJK or wholly not. */
interface WordRun {
  readonly characters: string[];
  readonly cjk: boolean;
}

function wordRuns(text: string): WordRun[] {
  const split = text
    .normalize('NFKC')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase();
  const runs: WordRun[] = [];
  let open: WordRun | undefined;
  for (const character of split) {
    if (!/[\p{L}\p{N}]/u.test(character)) {
      open = undefined;
      continue;
    }
    const cjk = isCjk(character.codePointAt(0) ?? 0);
    if (open === undefined || open.cjk !== cjk) {
      open = { characters: [], cjk };
      runs.push(open);
    }
    open.characters.push(character);
  }
  return runs;
}

/** Cuts a plural s and then one English ending, longest first, if enough stays; a doubled last letter becomes one. */
function stem(word: string): string {
  if (!/^[a-z0-9]+$/.test(word)) return word;
  const single = word.length > 3 && /[^sui]s$/.test(word) ? word.slice(0, -1) : word;
  for (const ending of endings) {
    const rest = single.length - ending.length;
    if (!single.endsWith(ending) || rest < (ending.length > 3 ? 4 : 3)) continue;
    const base = single.slice(0, rest);
    return rest > 3 && base.at(-1) === base.at(-2) ? base.slice(0, -1) : base;
  }
  return single;
}

const conceptOfStem = new Map<string, string>();
const conceptOfCjk = new Map<string, string>();
for (const [index, line] of concepts.entries()) {
  for (const word of line.split(' ')) {
    const cjk = isCjk(word.codePointAt(0) ?? 0);
    const key = cjk ? word : stem(word);
    const table = cjk ? conceptOfCjk : conceptOfStem;
    if (!table.has(key)) table.set(key, `#${index}`);
  }
}
const longestCjk = Math.max(...[...conceptOfCjk.keys()].map((word) => word.length));
