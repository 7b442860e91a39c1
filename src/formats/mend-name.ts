/** Finds the declared tool that a model meant by a name it did not spell right; never guesses between two. */

/** How the name was mended. */
export type NameRule = 'name-case' | 'name-separators' | 'name-namespace' | 'name-spelling';

/** The tool that was meant, and the rule that found it. */
export interface MendedName {
  readonly name: string;
  readonly rule: NameRule;
}

/** Names are at most 64 letters long in every protocol; longer ones are not compared. */
const maxLength = 128;
/** Shorter names differ from each other by too little for a slip to be told from another name. */
const minLengthForSpelling = 6;

/** The one declared name that is meant; undefined if it is declared already, or if none or several could be meant. */
export function mendName(written: string, declared: readonly string[]): MendedName | undefined {
  if (written.length > maxLength || declared.includes(written)) return undefined;
  const ladder: ReadonlyArray<readonly [NameRule, (name: string) => string]> = [
    ['name-case', (name) => name.trim().toLowerCase()],
    ['name-separators', bare],
  ];
  for (const [rule, form] of ladder) {
    const wanted = form(written);
    const found = wanted === '' ? [] : declared.filter((name) => form(name) === wanted);
    if (found.length > 0) return only(found, rule);
  }
  const namespaced = withoutNamespace(written, declared);
  if (namespaced.length > 0) return only(namespaced, 'name-namespace');
  const wanted = bare(written);
  if (wanted.length < minLengthForSpelling) return undefined;
  const near = declared.filter((name) => name.length <= maxLength && isNear(bare(name), wanted));
  return only(near, 'name-spelling');
}

function only(found: readonly string[], rule: NameRule): MendedName | undefined {
  const [name] = found;
  return name !== undefined && found.length === 1 ? { name, rule } : undefined;
}

/** Letters and digits alone: `getWeather`, `get_weather` and `get-weather` are one. */
function bare(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

/** `functions.get_weather` is `get_weather`, and so is `weather__get_weather`. */
function withoutNamespace(written: string, declared: readonly string[]): readonly string[] {
  const last = bare(written.split(/[.:/]|__/).at(-1) ?? '');
  return last === '' || last === bare(written) ? [] : declared.filter((name) => bare(name) === last);
}

/** Do the two differ by one letter (two in long names): left out, put in, replaced, or two swapped? */
function isNear(a: string, b: string): boolean {
  const allowed = Math.min(a.length, b.length) >= 12 ? 2 : 1;
  if (Math.abs(a.length - b.length) > allowed) return false;
  return distance(a, b) <= allowed;
}

/** Edits between two short texts, a swap of neighbours counted as one. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isEqual = a[row - 1] === b[column - 1];
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const ways = [at(above, column) + 1, at(current, column - 1) + 1, at(above, column - 1) + (isEqual ? 0 : 1)];
      if (isSwap) ways.push(at(before, column - 2) + 1);
      current.push(Math.min(...ways));
    }
    before = above;
    above = current;
  }
  return at(above, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
