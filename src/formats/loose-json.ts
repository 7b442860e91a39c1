/** Reads text that was meant to be JSON, noting each rule it takes; gives up where the text could mean two things. */

import { type ExactJson, JsonNumber, maxDepth } from '../base/json.ts';

/** The repairs, each named for what was wrong. */
export type MendRule =
  | 'fence'
  | 'surrounding-text'
  | 'missing-brackets'
  | 'surplus-brackets'
  | 'trailing-comma'
  | 'comment'
  | 'single-quotes'
  | 'typographic-quotes'
  | 'full-width-signs'
  | 'python-literal'
  | 'unquoted-key'
  | 'loose-number'
  | 'control-character'
  | 'invalid-escape'
  | 'inner-quotes'
  | 'triple-quotes'
  | 'backticks'
  | 'double-encoded';

/** Thrown and caught in this file: the text has no one reading. */
class Unclear extends SyntaxError {}

const closingQuotes: Readonly<Record<string, string>> = { '"': '"', "'": "'", '“': '”', '‘': '’', '`': '`' };
const quoteRules: Readonly<Record<string, MendRule>> = {
  "'": 'single-quotes',
  '“': 'typographic-quotes',
  '‘': 'typographic-quotes',
  '`': 'backticks',
};
const tripleQuotes = ['"""', "'''"];
/** Brackets that may follow the last string, so many at most; more are not looked for. */
const closingBrackets = /(?:[\s]{0,64}[}\]]){0,32}\s{0,64}/y;
const nextKey = /\s{0,64},\s{0,64}(["'])([^"'\\]{1,128})\1\s{0,64}:/y;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const signs: Readonly<Record<string, string>> = { '：': ':', '，': ',', '｛': '{', '｝': '}', '［': '[', '］': ']' };
const words: ReadonlyMap<string, { readonly value: boolean | null; readonly isPython: boolean }> = new Map([
  ['true', { value: true, isPython: false }],
  ['false', { value: false, isPython: false }],
  ['null', { value: null, isPython: false }],
  ['True', { value: true, isPython: true }],
  ['False', { value: false, isPython: true }],
  ['None', { value: null, isPython: true }],
]);
const blank = /[\s\u200b\ufeff]/;

/** One reading of one text. */
export class LooseJson {
  readonly #text: string;
  readonly #rules: Set<MendRule>;
  /** Keys that may follow: given, a quote inside a string ends it only where one of them or the end follows. */
  readonly #anchors: ReadonlySet<string> | undefined;
  #at = 0;

  constructor(text: string, rules: Set<MendRule>, anchors?: ReadonlySet<string>) {
    this.#anchors = anchors;
    const fenced = unfenced(text.trim());
    if (fenced !== undefined) rules.add('fence');
    this.#text = fenced ?? text;
    this.#rules = rules;
  }

  /** The value; undefined if there is no one reading. */
  whole(): ExactJson | undefined {
    try {
      this.#skipBeginning();
      const value = this.#value(0);
      this.#skipEnd();
      return value;
    } catch (error) {
      if (error instanceof Unclear) return undefined;
      throw error;
    }
  }

  /** Words before the object are not the object; a bracket or quote among them could be. */
  #skipBeginning(): void {
    this.#skipBlanks();
    const start = this.#text.slice(this.#at).search(/["'“‘{[｛]/);
    if (start <= 0) return;
    if (this.#text[this.#at + start] !== '{') throw new Unclear();
    this.#note('surrounding-text');
    this.#at += start;
  }

  #skipEnd(): void {
    this.#skipBlanks();
    while (/[}\]]/.test(this.#peek())) {
      this.#note('surplus-brackets');
      this.#at++;
      this.#skipBlanks();
    }
    if (this.#at === this.#text.length) return;
    if (/[{[]/.test(this.#text.slice(this.#at))) throw new Unclear();
    this.#note('surrounding-text');
  }

  #value(depth: number): ExactJson {
    if (depth > maxDepth) throw new Unclear();
    this.#skipBlanks();
    const first = this.#sign();
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (this.#peek() in closingQuotes) return this.#anchors === undefined ? this.#string() : this.#anchored();
    return this.#word();
  }

  #object(depth: number): ExactJson {
    const map = new Map<string, ExactJson>();
    this.#at++;
    while (!this.#closes('}')) {
      const key = this.#key();
      this.#skipBlanks();
      if (this.#sign() !== ':') throw new Unclear();
      this.#at++;
      // Where the ends of strings are guessed by keys, a key that comes twice was a guess too many.
      if (this.#anchors !== undefined && map.has(key)) throw new Unclear();
      map.set(key, this.#value(depth + 1));
      this.#separator('}');
    }
    return map;
  }

  #array(depth: number): ExactJson {
    const items: ExactJson[] = [];
    this.#at++;
    while (!this.#closes(']')) {
      items.push(this.#value(depth + 1));
      this.#separator(']');
    }
    return items;
  }

  /** Takes the closing bracket; at the text's end it is taken as there. */
  #closes(bracket: string): boolean {
    this.#skipBlanks();
    if (this.#at >= this.#text.length) {
      this.#note('missing-brackets');
      return true;
    }
    if (this.#sign() !== bracket) return false;
    this.#at++;
    return true;
  }

  /** A comma, or the bracket (not taken). A comma right before the bracket or the end was one too many. */
  #separator(bracket: string): void {
    this.#skipBlanks();
    if (this.#at >= this.#text.length || this.#sign() === bracket) return;
    if (this.#sign() !== ',') throw new Unclear();
    this.#at++;
    this.#skipBlanks();
    if (this.#at >= this.#text.length || this.#sign() === bracket) this.#note('trailing-comma');
  }

  #key(): string {
    this.#skipBlanks();
    if (this.#peek() in closingQuotes) return this.#string();
    const key = this.#match(/[\p{L}_$][\p{L}\p{N}_$-]*/uy);
    if (key === undefined) throw new Unclear();
    this.#note('unquoted-key');
    return key;
  }

  #string(): string {
    const open = this.#peek();
    const close = closingQuotes[open] ?? open;
    const triple = tripleQuotes.find((quotes) => this.#text.startsWith(quotes, this.#at));
    if (triple !== undefined) return this.#tripleQuoted(triple);
    const rule = quoteRules[open];
    if (rule !== undefined) this.#note(rule);
    this.#at++;
    const parts: string[] = [];
    for (;;) {
      const start = this.#at;
      while (this.#at < this.#text.length && !this.#isSpecialInString(close)) this.#at++;
      parts.push(this.#text.slice(start, this.#at));
      if (this.#at >= this.#text.length) throw new Unclear();
      const letter = this.#peek();
      this.#at++;
      if (letter === close) break;
      if (letter === '\\') parts.push(this.#escape(close));
      else {
        this.#note('control-character');
        parts.push(letter);
      }
    }
    // A quote that nothing structural follows may have been meant as a letter.
    const after = /[\s\u200b\ufeff]*/y;
    after.lastIndex = this.#at;
    const next = this.#text[this.#at + (after.exec(this.#text)?.[0].length ?? 0)] ?? '';
    if (next !== '' && !/[,:}\]，：｝］/]/.test(next)) throw new Unclear();
    return parts.join('');
  }

  /** Python's long strings: everything up to the closing quotes, backslashes included, as it stands. */
  #tripleQuoted(quotes: string): string {
    const end = this.#text.indexOf(quotes, this.#at + quotes.length);
    if (end === -1) throw new Unclear();
    const inside = this.#text.slice(this.#at + quotes.length, end);
    if (inside.includes('\\')) throw new Unclear();
    this.#note('triple-quotes');
    this.#at = end + quotes.length;
    return inside;
  }

  /** A string whose own quotes are not escaped: it ends where a known key or the text's end follows a quote. */
  #anchored(): string {
    const close = this.#peek();
    if (close !== '"') return this.#string();
    const parts: string[] = [];
    this.#at++;
    for (;;) {
      const letter = this.#peek();
      if (letter === '') throw new Unclear();
      this.#at++;
      if (letter === '\\') parts.push(this.#escape(close));
      else if (letter !== close) parts.push(letter);
      else if (this.#isAnchor()) return parts.join('');
      else {
        this.#note('inner-quotes');
        parts.push(letter);
      }
    }
  }

  /** Does the end, or a known key, stand here? */
  #isAnchor(): boolean {
    closingBrackets.lastIndex = this.#at;
    const brackets = closingBrackets.exec(this.#text)?.[0] ?? '';
    const after = this.#at + brackets.length;
    if (brackets.includes('}') && after === this.#text.length) return true;
    nextKey.lastIndex = after;
    const key = nextKey.exec(this.#text)?.[2];
    if (key !== undefined && this.#anchors?.has(key) === true) return true;
    // What looks like the next key, or like the object's end, and is none could be either.
    if (key !== undefined || brackets.includes('}')) throw new Unclear();
    return false;
  }

  #isSpecialInString(close: string): boolean {
    const letter = this.#peek();
    return letter === close || letter === '\\' || letter < ' ';
  }

  /** An escape that JSON does not know was meant as a backslash and a letter. */
  #escape(close: string): string {
    const letter = this.#peek();
    this.#at++;
    if (letter === 'u') {
      const digits = this.#match(/[0-9a-fA-F]{4}/y);
      if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
    } else if (letter === close || letter === "'") {
      if (letter !== '"') this.#note('invalid-escape');
      return letter;
    } else {
      const known = escapes[letter];
      if (known !== undefined) return known;
    }
    if (letter === '') throw new Unclear();
    this.#note('invalid-escape');
    return `\\${letter}`;
  }

  #word(): ExactJson {
    const word = this.#match(/[\w+.-]+/y) ?? '';
    const literal = words.get(word);
    if (literal !== undefined) {
      if (literal.isPython) this.#note('python-literal');
      return literal.value;
    }
    if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word)) return new JsonNumber(word);
    const loose = looseNumber(word);
    if (loose === undefined) throw new Unclear();
    this.#note('loose-number');
    return new JsonNumber(loose);
  }

  #skipBlanks(): void {
    for (;;) {
      while (blank.test(this.#peek())) this.#at++;
      if (this.#peek() !== '/') return;
      if (this.#match(/\/\/[^\n]*|\/\*[\s\S]*?\*\//y) === undefined) throw new Unclear();
      this.#note('comment');
    }
  }

  /** The structural sign here, a full-width one as its plain twin. */
  #sign(): string {
    const letter = this.#peek();
    const plain = signs[letter];
    if (plain !== undefined) this.#note('full-width-signs');
    return plain ?? letter;
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #note(rule: MendRule): void {
    this.#rules.add(rule);
  }
}

/** What stands between code fences, if the whole text does. */
function unfenced(text: string): string | undefined {
  const isFenced = text.length >= 6 && text.startsWith('```') && text.endsWith('```');
  return isFenced ? text.slice(3, -3).replace(/^[a-z0-9]*/i, '') : undefined;
}

/** `+1`, `.5`, `1.` and `0x10` as JSON numbers; not `007`, which may be a code, nor NaN and Infinity, which are none. */
function looseNumber(word: string): string | undefined {
  if (/^0[xX][0-9a-fA-F]{1,13}$/.test(word)) return String(Number.parseInt(word, 16));
  const parts = /^([+-]?)(0|[1-9]\d*|(?=\.\d))(\.\d*)?([eE][+-]?\d+)?$/.exec(word);
  if (parts === null) return undefined;
  const [, sign, whole, fraction = '', exponent = ''] = parts;
  return `${sign === '-' ? '-' : ''}${whole || '0'}${fraction === '.' ? '' : fraction}${exponent}`;
}
