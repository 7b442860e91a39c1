/** Texts as sources of spans: where words start and end, in Latin and in CJK writing, and what quotes enclose. */

import type { GrammarNode, SpanSource } from './grammar.ts';
import type { Copying } from './spelling.ts';

/** Code points all sources may hold together; of a longer conversation the last texts count. */
const maxUnits = 200_000;

/** Writing without blanks between words: each code point counts as a word. */
const unspaced =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u;
const wordPart = /^[\p{L}\p{N}\p{M}_]$/u;
const blank = /^[\s\p{Z}]$/u;
/** Ends a sentence or clause, so it is no part of what is named before it. */
const punctuation = /^[.,;:!?。，、；：！？…]$/u;
const quotes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['“', '”'],
  ['‘', '’'],
  ['「', '」'],
  ['『', '』'],
  ['《', '》'],
  ['«', '»'],
]);
const quoteMarks = new Set([...quotes.keys(), ...quotes.values()]);

type Kind = 'word' | 'unspaced' | 'blank' | 'punctuation' | 'quote' | 'sign' | 'nothing';

/**
 * The stretches of these texts that may be copied. `json`: units are spelled as inside a JSON string; `raw`: as they
 * are, and no stretch holds a control character.
 */
export function spanSources(texts: readonly string[], spelling: 'json' | 'raw'): SpanSource[] {
  const sources: SpanSource[] = [];
  let room = maxUnits;
  for (const part of new Set([...texts].reverse().flatMap((text) => parts(text, spelling)))) {
    const characters = [...part].slice(0, room);
    room -= characters.length;
    const source = readSource(characters, spelling);
    if (source.starts.length > 0 && source.ends.length > 0) sources.push(source);
    if (room <= 0) break;
  }
  return sources;
}

/** What copied strings hold, spelled so; undefined if there is nothing to copy. */
export function copiedText(texts: readonly string[], { characters, without }: Copying): GrammarNode | undefined {
  const pieces = without.reduce<readonly string[]>((parts, mark) => parts.flatMap((part) => part.split(mark)), texts);
  const sources = spanSources(pieces, characters.hasUnicodeEscapes ? 'json' : 'raw');
  return sources.length === 0 ? undefined : { kind: 'span', sources };
}

/** Half surrogate pairs cannot be written as UTF-8, so nothing is copied across them. */
function parts(text: string, spelling: 'json' | 'raw'): string[] {
  const breaks = spelling === 'raw' ? /[\p{Cc}\p{Surrogate}]+/u : /\p{Surrogate}+/u;
  return text.split(breaks).filter((part) => part !== '');
}

function readSource(characters: readonly string[], spelling: 'json' | 'raw'): SpanSource {
  const kinds = characters.map(kindOf);
  const starts = new Set<number>();
  const ends = new Set<number>();
  kinds.forEach((kind, index) => {
    if (isEdge(kind, kinds[index - 1] ?? 'nothing') && kind !== 'punctuation') starts.add(index);
    if (isEdge(kind, kinds[index + 1] ?? 'nothing') && kind !== 'punctuation') ends.add(index);
  });
  addQuoted(characters, kinds, { starts, ends });
  return {
    units: spelling === 'json' ? characters.map(escaped) : characters,
    starts: [...starts].sort((a, b) => a - b),
    ends: [...ends].sort((a, b) => a - b),
  };
}

const kindsOfAscii: readonly Kind[] = Array.from({ length: 128 }, (_, code) => judge(String.fromCharCode(code)));

function escaped(character: string): string {
  return character >= ' ' && character !== '"' && character !== '\\'
    ? character
    : JSON.stringify(character).slice(1, -1);
}

function kindOf(character: string): Kind {
  return kindsOfAscii[character.codePointAt(0) ?? 0] ?? judge(character);
}

function judge(character: string): Kind {
  if (unspaced.test(character)) return 'unspaced';
  if (wordPart.test(character)) return 'word';
  if (blank.test(character)) return 'blank';
  if (quoteMarks.has(character)) return 'quote';
  return punctuation.test(character) ? 'punctuation' : 'sign';
}

/** May a stretch begin or end with `kind`, seen from its neighbour outside? */
function isEdge(kind: Kind, outside: Kind): boolean {
  if (kind === 'unspaced') return true;
  if (kind === 'word') return outside !== 'word';
  return kind === 'sign' && outside !== 'word' && outside !== 'sign';
}

interface Edges {
  readonly starts: Set<number>;
  readonly ends: Set<number>;
}

/**
 * The whole of what a pair of quotes encloses may be copied, whatever it begins and ends with. An apostrophe within
 * a word is no quote.
 */
function addQuoted(characters: readonly string[], kinds: readonly Kind[], { starts, ends }: Edges): void {
  const opened = new Map<string, number>();
  characters.forEach((character, index) => {
    const from = opened.get(character);
    if (from !== undefined && index > from && (character !== "'" || kinds[index + 1] !== 'word')) {
      starts.add(from);
      ends.add(index - 1);
      opened.delete(character);
      return;
    }
    const closing = quotes.get(character);
    if (closing !== undefined && (character !== "'" || kinds[index - 1] !== 'word')) opened.set(closing, index + 1);
  });
}
