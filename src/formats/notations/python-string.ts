/** Reads the content of Python's string literals, and writes them. */

import type { AnswerSource, Waiting } from '../answer-source.ts';
import { readMark } from './read-mark.ts';

const simple: ReadonlyMap<string, string> = new Map([
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
  ['a', '\u0007'],
  ['v', '\u000b'],
  ['\n', ''],
]);
const hexDigits: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);
const quoteStops: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['"', new Set(['"', '\\'])],
  ["'", new Set(["'", '\\'])],
]);

/** Is this what may stand right before a string's quote? */
export function isPrefix(word: string): boolean {
  return /^(?:r|u|b|f|rb|br|rf|fr)$/i.test(word);
}

/** Reads a literal from its quote on, once or three times; false if the answer ends inside. Line breaks are text. */
export function* readPythonString(
  source: AnswerSource,
  isRaw: boolean,
  pass: (text: string) => void,
): Waiting<boolean> {
  const quote = source.letter ?? '';
  source.skip();
  if (!(yield* source.more())) return false;
  let close = quote;
  if (source.letter === quote) {
    source.skip();
    if (!(yield* source.more())) return source.ended === 'stop';
    if (source.letter !== quote) return true;
    source.skip();
    close = quote.repeat(3);
  }
  return yield* readContent(source, { close, isRaw, stops: quoteStops.get(quote) ?? new Set() }, pass);
}

interface Content {
  readonly close: string;
  readonly isRaw: boolean;
  readonly stops: ReadonlySet<string>;
}

function* readContent(
  source: AnswerSource,
  { close, isRaw, stops }: Content,
  pass: (text: string) => void,
): Waiting<boolean> {
  for (;;) {
    const start = source.at;
    source.skipPlain(stops);
    if (source.at > start) pass(source.since(start));
    if (source.isDry && !(yield* source.more())) return false;
    if (source.letter === '\\') {
      const text = yield* readEscape(source, isRaw);
      if (text === undefined) return false;
      pass(text);
      continue;
    }
    if (source.letter !== undefined && !stops.has(source.letter) && source.letter !== '\uFFFF') continue;
    const closed = yield* readMark(source, close);
    if (closed !== 'no') return closed === 'yes';
    const unit = source.at;
    source.skip();
    pass(source.since(unit));
  }
}

/** Reads a backslash and what belongs to it; what Python does not know stays as it is. */
function* readEscape(source: AnswerSource, isRaw: boolean): Waiting<string | undefined> {
  source.skip();
  if (!(yield* source.more())) return undefined;
  const letter = source.letter;
  if (letter === undefined) return '\\';
  if (isRaw) {
    if (letter !== '"' && letter !== "'" && letter !== '\\') return '\\';
    source.skip();
    return `\\${letter}`;
  }
  const digits = hexDigits.get(letter);
  if (digits !== undefined) {
    source.skip();
    const spelled = yield* readDigits(source, /[0-9a-fA-F]/, digits);
    if (spelled === undefined) return undefined;
    const code = spelled.length === digits ? Number.parseInt(spelled, 16) : Infinity;
    return code <= 0x10ffff ? String.fromCodePoint(code) : `\\${letter}${spelled}`;
  }
  if (/[0-7]/.test(letter)) {
    const spelled = yield* readDigits(source, /[0-7]/, 3);
    return spelled === undefined ? undefined : String.fromCodePoint(Number.parseInt(spelled, 8));
  }
  const known = simple.get(letter);
  if (known === undefined) return '\\';
  source.skip();
  return known;
}

/** At most so many digits; undefined if the answer ends before that is clear. */
function* readDigits(source: AnswerSource, digit: RegExp, most: number): Waiting<string | undefined> {
  let digits = '';
  while (digits.length < most) {
    if (!(yield* source.more())) return undefined;
    const letter = source.letter ?? '';
    if (!digit.test(letter)) break;
    digits += letter;
    source.skip();
  }
  return digits;
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** The literal of a string. */
export function pythonString(value: string, quote: '"' | "'"): string {
  const content = value.replace(/[\u0000-\u001f\\"']|\p{Cs}/gu, (letter) => {
    if (letter === '"' || letter === "'") return letter === quote ? `\\${letter}` : letter;
    return named[letter] ?? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return quote + content + quote;
}
