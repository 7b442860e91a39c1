/** Keeps the spellings of special tokens in strangers' text from becoming those tokens. */

import { RequestError } from '../base/errors.ts';
import { joinSegments, type Prompt, type PromptSegment } from '../chat/prompt.ts';

/** A tree of spellings by UTF-16 unit. */
interface Branch {
  readonly next: Map<string, Branch>;
  /** A spelling ends here. */
  end: boolean;
}

/** Every special token's spelling, for finding them in text; made once for a model. */
export class Spellings {
  readonly root: Branch = { next: new Map(), end: false };
  readonly firstCharacters: readonly string[];

  constructor(spellings: Iterable<string>) {
    for (const spelling of spellings) {
      // White space cannot forge anything, and templates trim it.
      if (/^[\s▁]/.test(spelling)) continue;
      let branch = this.root;
      for (const unit of spelling.split('')) {
        const next = branch.next.get(unit) ?? { next: new Map(), end: false };
        branch.next.set(unit, next);
        branch = next;
      }
      if (branch !== this.root) branch.end = true;
    }
    this.firstCharacters = [...this.root.next.keys()];
  }

  /** The length of the longest spelling at `start`; 0 if there is none. */
  longestAt(text: string, start: number): number {
    return this.#follow(text, start).longest;
  }

  /** Might a special token begin at `start`, here or (if the text ends in its middle) with what comes to follow? */
  mayBeginAt(text: string, start: number, end: number): boolean {
    const { longest, reached } = this.#follow(text, start);
    return longest > 0 || reached >= end;
  }

  #follow(text: string, start: number): { longest: number; reached: number } {
    let branch = this.root;
    let longest = 0;
    let at = start;
    for (; at < text.length; at++) {
      const next = branch.next.get(text.charAt(at));
      if (next === undefined) break;
      branch = next;
      if (branch.end) longest = at + 1 - start;
    }
    return { longest, reached: branch === this.root ? -1 : at };
  }
}

const firstPrivate = 0xe000;
const lastPrivate = 0xf8ff;
const privateCharacters = /[\ue000-\uf8ff]/g;
/** Private-use characters as `tojson(ensure_ascii=True)` writes them. */
const escapedPrivate = /\\u(e[0-9a-f]{3}|f[0-8][0-9a-f]{2})/g;

/**
 * One request's stand-ins: private-use characters that appear nowhere else in it take the place of the first
 * character of every special token's spelling while the template runs, and go back to it afterwards.
 */
export class StandIns {
  readonly #spellings: Spellings;
  readonly #standIn = new Map<string, string>();
  readonly #original = new Map<string, string>();

  /** `texts` are all texts that may come to stand in the prompt. */
  constructor(spellings: Spellings, texts: Iterable<string>) {
    this.#spellings = spellings;
    const used = new Set<number>();
    for (const text of texts) {
      for (const [character] of text.matchAll(privateCharacters)) used.add(character.charCodeAt(0));
      for (const [, digits] of text.matchAll(escapedPrivate)) used.add(Number.parseInt(digits ?? '', 16));
    }
    let code = firstPrivate;
    for (const character of spellings.firstCharacters) {
      while (used.has(code)) code++;
      if (code > lastPrivate)
        throw new RequestError('invalid_value', 'The request uses nearly all private-use characters of Unicode.');
      this.#standIn.set(character, String.fromCharCode(code));
      this.#original.set(String.fromCharCode(code), character);
      code++;
    }
  }

  /**
   * A stranger's text, in which no special token can be read any more, not even together with what follows it.
   * Fewer `spellings` let the others pass.
   */
  protect(text: string, spellings: Spellings = this.#spellings): string {
    const end = text.trimEnd().length;
    let result = '';
    let done = 0;
    for (let at = 0; at < text.length; at++) {
      const standIn = this.#standIn.get(text.charAt(at));
      if (standIn === undefined || !spellings.mayBeginAt(text, at, end)) continue;
      result += text.slice(done, at) + standIn;
      done = at + 1;
    }
    return result + text.slice(done);
  }

  /** A prompt as content: what is trusted in it stays as it is. */
  protectPrompt(prompt: Prompt, spellings: Spellings = this.#spellings): string {
    return prompt.map(({ text, trusted }) => (trusted ? text : this.protect(text, spellings))).join('');
  }

  /** The rendered text with its original characters, for people. */
  plain(rendered: string): string {
    return this.#unescape(rendered).replace(
      privateCharacters,
      (character) => this.#original.get(character) ?? character,
    );
  }

  /** The rendered text as segments: a spelling that came from a stranger is not trusted, all else is. */
  restore(rendered: string): Prompt {
    const marked = this.#unescape(rendered);
    const plain = this.plain(rendered);
    const segments: PromptSegment[] = [];
    let done = 0;
    for (const { index } of marked.matchAll(privateCharacters)) {
      if (!this.#original.has(marked.charAt(index))) continue;
      const end = index + Math.max(1, this.#spellings.longestAt(plain, index));
      if (index > done) segments.push({ text: plain.slice(done, index), trusted: true });
      if (end > done) segments.push({ text: plain.slice(Math.max(index, done), end), trusted: false });
      done = Math.max(done, end);
    }
    segments.push({ text: plain.slice(done), trusted: true });
    return joinSegments(segments);
  }

  #unescape(rendered: string): string {
    if (!rendered.includes('\\u')) return rendered;
    return rendered.replace(escapedPrivate, (written, digits: string) => {
      const character = String.fromCharCode(Number.parseInt(digits, 16));
      return this.#original.has(character) ? character : written;
    });
  }
}
