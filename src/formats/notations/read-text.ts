/** Reads the text of a value up to its closing mark, passing it on as it comes. */

import type { AnswerSource, Waiting } from '../answer-source.ts';
import { firstLetters, type MarkMatch, readAnyMark, readMark } from './read-mark.ts';
import { cdata, decodeEntity, maxEntity } from './xml.ts';

/** Where a text ends. */
export interface TextRules {
  readonly close: string;
  /** A line break on each side is not the text's. */
  readonly isPadded: boolean;
  readonly escapes: 'none' | 'xml';
  /** What ends the call, in case `close` is missing. */
  readonly fences: readonly string[];
  /** With which marks the next value of this kind begins. */
  readonly next: readonly string[];
  /** Does the next value begin at such a mark, so that `close` must be missing? Reads nothing; never without it. */
  isNext?(): Waiting<MarkMatch>;
}

/** How a text ended: with its mark; without it, before something that is not read; with the answer. */
export type TextEnd = 'closed' | 'unclosed' | 'ended';

/** How far behind a fence the closing mark is looked for, and how often in one text. */
const maxLookahead = 512;
const maxLooks = 8;

/** Reads one text. */
export function readText(source: AnswerSource, rules: TextRules, pass: (text: string) => void): Waiting<TextEnd> {
  return new TextReader(source, rules, pass).read();
}

class TextReader {
  readonly #source: AnswerSource;
  readonly #rules: TextRules;
  readonly #pass: (text: string) => void;
  readonly #fences: readonly string[];
  /** Letters at which plain text is interrupted for a closer look. */
  readonly #firsts: ReadonlySet<string>;
  /** Letters with which an end may begin. */
  readonly #endFirsts: ReadonlySet<string>;
  readonly #ends: readonly string[];
  readonly #longestEnd: number;
  #looks = 0;

  constructor(source: AnswerSource, rules: TextRules, pass: (text: string) => void) {
    this.#source = source;
    this.#rules = rules;
    this.#pass = pass;
    this.#fences = rules.fences.map((fence) => fence.trimStart()).filter((fence) => fence !== '');
    this.#ends = [rules.close, ...rules.next, ...this.#fences];
    this.#longestEnd = Math.max(...this.#ends.map((end) => end.length));
    this.#endFirsts = firstLetters(this.#ends);
    const breaks = rules.isPadded ? ['\r', '\n'] : [];
    const markup = rules.escapes === 'xml' ? ['&', '<'] : [];
    this.#firsts = new Set([...this.#endFirsts, ...breaks, ...markup]);
  }

  *read(): Waiting<TextEnd> {
    if (this.#rules.isPadded && (yield* this.#lineBreak()) === 'cut') return 'ended';
    const source = this.#source;
    const isXml = this.#rules.escapes === 'xml';
    /** What is read from here on must be passed on before anything waits: the source forgets it then. */
    let start = source.at;
    for (;;) {
      source.skipPlain(this.#firsts);
      const mayEnd = !source.isDry && this.#mayEnd;
      if (!source.isDry && !mayEnd && !isXml) {
        source.skip();
        continue;
      }
      this.#flush(start);
      const found = source.isDry ? yield* this.#wait() : yield* this.#closerLook(mayEnd);
      if (found !== undefined) return found;
      start = source.at;
    }
  }

  *#wait(): Waiting<TextEnd | undefined> {
    return (yield* this.#source.more()) ? undefined : 'ended';
  }

  /** The end, or else the unit that stands here. */
  *#closerLook(mayEnd: boolean): Waiting<TextEnd | undefined> {
    const end = mayEnd ? yield* this.#end() : undefined;
    if (end !== undefined) return end;
    const markup = this.#rules.escapes === 'xml' ? yield* this.#markup() : 'no';
    if (markup === 'no') this.#unit();
    return markup === 'cut' ? 'ended' : undefined;
  }

  /** Is it possible, by the letters that have come, that the end stands here? */
  get #mayEnd(): boolean {
    const ahead = this.#source.ahead(this.#longestEnd + 2);
    if (ahead.includes('\uFFFF')) return true;
    const isBroken = this.#rules.isPadded && (ahead.startsWith('\n') || ahead.startsWith('\r'));
    const text = isBroken ? ahead.replace(/^(?:\r?\n|\r$)/, '') : ahead;
    return this.#ends.some((end) => end.startsWith(text) || text.startsWith(end));
  }

  #flush(start: number): void {
    if (this.#source.at > start) this.#pass(this.#source.since(start));
  }

  #unit(): void {
    const start = this.#source.at;
    this.#source.skip();
    this.#flush(start);
  }

  #lineBreak(): Waiting<MarkMatch> {
    return readAnyMark(this.#source, ['\n', '\r\n']);
  }

  /** The end, if it stands here; else nothing is read. */
  *#end(): Waiting<TextEnd | undefined> {
    const source = this.#source;
    source.mark();
    const end = yield* this.#endBehindPad();
    if (end === 'closed') source.commit();
    else source.rewind();
    return end;
  }

  *#endBehindPad(): Waiting<TextEnd | undefined> {
    const source = this.#source;
    if (this.#rules.isPadded) {
      const broken = yield* this.#lineBreak();
      if (broken === 'cut' || (broken === 'yes' && !(yield* source.more()))) return 'ended';
    }
    if (source.letter !== undefined && !this.#endFirsts.has(source.letter)) return undefined;
    const { close } = this.#rules;
    const closed = yield* readMark(source, close);
    if (closed !== 'no') return closed === 'yes' ? 'closed' : 'ended';
    const following = this.#rules.isNext && (yield* this.#rules.isNext());
    if (following === 'yes') return 'unclosed';
    if (following === 'cut') return 'ended';
    return yield* this.#fence();
  }

  /** A fence in letters may be the text's own: that shows in whether the closing mark still comes. */
  *#fence(): Waiting<TextEnd | undefined> {
    const source = this.#source;
    const isSpecial = source.special !== undefined;
    const found = yield* readAnyMark(source, this.#fences);
    if (found !== 'yes') return found === 'cut' ? 'ended' : undefined;
    if (isSpecial) return 'unclosed';
    if (this.#looks >= maxLooks) return undefined;
    this.#looks++;
    return yield* this.#endBeforeClose();
  }

  /** The text's end if the answer ends, or the next value begins, before the closing mark comes. */
  *#endBeforeClose(): Waiting<TextEnd | undefined> {
    const source = this.#source;
    const { close, next } = this.#rules;
    for (let count = 0; count < maxLookahead; count++) {
      if (source.isDry && !(yield* source.more())) return source.ended === 'stop' ? 'unclosed' : 'ended';
      if ((yield* readMark(source, close)) === 'yes') return undefined;
      if ((yield* readAnyMark(source, next)) === 'yes') return 'unclosed';
      source.skip();
    }
    return undefined;
  }

  /** An entity or CDATA. */
  *#markup(): Waiting<MarkMatch> {
    const source = this.#source;
    if (source.letter === '&') return yield* this.#entity();
    const opened = yield* readMark(source, cdata[0]);
    if (opened !== 'yes') return opened;
    const firsts = firstLetters([cdata[1]]);
    for (;;) {
      const start = source.at;
      source.skipPlain(firsts);
      this.#flush(start);
      if (source.isDry && !(yield* source.more())) return 'cut';
      const closed = yield* readMark(source, cdata[1]);
      if (closed !== 'no') return closed;
      this.#unit();
    }
  }

  *#entity(): Waiting<MarkMatch> {
    const source = this.#source;
    const start = source.mark();
    for (;;) {
      source.skip();
      if (source.isDry && !(yield* source.more())) {
        source.rewind();
        return 'cut';
      }
      const letter = source.letter ?? '';
      if (letter === ';' || !/[#\w]/.test(letter) || source.at - start >= maxEntity) break;
    }
    if (source.letter === ';') source.skip();
    const character = decodeEntity(source.since(start));
    if (character === undefined) source.rewind();
    else {
      source.commit();
      this.#pass(character);
    }
    return character === undefined ? 'no' : 'yes';
  }
}
