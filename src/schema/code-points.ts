/** Sets of code points as sorted ranges: joined, complemented, and named as regular expressions name them. */

/** First and last code point, inclusive. */
export type Range = readonly [number, number];
/** Sorted, disjoint, never adjacent, without surrogates. */
export type CodePoints = readonly Range[];

const lastCodePoint = 0x10ffff;

/** All code points that can be written. */
export const anyCodePoint: CodePoints = [
  [0, 0xd7ff],
  [0xe000, lastCodePoint],
];

/** The set of these ranges, whatever their order. */
export function codePoints(ranges: readonly Range[]): CodePoints {
  const out: [number, number][] = [];
  for (const [from, to] of ranges.flatMap(withoutSurrogates).sort((a, b) => a[0] - b[0])) {
    const last = out.at(-1);
    // The surrogates between two ranges are nobody's, so the ranges stay apart.
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

function withoutSurrogates([from, to]: Range): Range[] {
  const parts: Range[] = [
    [from, Math.min(to, 0xd7ff)],
    [Math.max(from, 0xe000), to],
  ];
  return parts.filter(([first, last]) => first <= last);
}

/** Everything else. */
export function complement(set: CodePoints): CodePoints {
  const out: Range[] = [];
  let next = 0;
  for (const [from, to] of set) {
    if (from > next) out.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= lastCodePoint) out.push([next, lastCodePoint]);
  return codePoints(out);
}

/** The code point itself. */
export function single(character: string): CodePoints {
  const point = character.codePointAt(0) ?? 0;
  return codePoints([[point, point]]);
}

const digits: CodePoints = [[0x30, 0x39]];
const wordCharacters = codePoints([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);
const spaces = codePoints([
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]);

/** What `.` matches. */
export const notLineEnd: CodePoints = complement(
  codePoints([
    [0x0a, 0x0a],
    [0x0d, 0x0d],
    [0x2028, 0x2029],
  ]),
);

/** The classes `\d`, `\w`, `\s` and their opposites, by letter (ECMA-262). */
export const letterClasses: ReadonlyMap<string, CodePoints> = new Map([
  ['d', digits],
  ['D', complement(digits)],
  ['w', wordCharacters],
  ['W', complement(wordCharacters)],
  ['s', spaces],
  ['S', complement(spaces)],
]);

const maxProperties = 40;
const properties = new Map<string, CodePoints | undefined>();

/** The code points of a Unicode property (`L`, `Script=Han`); undefined if there is no such property. */
export function unicodeProperty(name: string): CodePoints | undefined {
  if (!/^[A-Za-z_]{1,40}(?:=[A-Za-z_]{1,40})?$/.test(name)) return undefined;
  if (!properties.has(name)) {
    if (properties.size >= maxProperties) properties.clear();
    properties.set(name, readProperty(name));
  }
  return properties.get(name);
}

function readProperty(name: string): CodePoints | undefined {
  let test: RegExp;
  try {
    test = new RegExp(`\\p{${name}}`, 'u');
  } catch {
    // No such property.
    return undefined;
  }
  const out: [number, number][] = [];
  for (let point = 0; point <= lastCodePoint; point++) {
    if (!test.test(String.fromCodePoint(point))) continue;
    const last = out.at(-1);
    if (last !== undefined && last[1] === point - 1) last[1] = point;
    else out.push([point, point]);
  }
  return codePoints(out);
}
