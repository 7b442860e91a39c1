/** Backend parameters as words: split as a shell would have, and taken together to flags with their values. */

import { RequestError } from '../base/errors.ts';

/** One word of a deployment's backend parameters, and which entry it came from. */
export interface Word {
  readonly word: string;
  /** E.g. `backendParameters[2]`; for errors. */
  readonly path: string;
}

/** A flag and what follows it up to the next one. */
export interface Flag {
  /** Without dashes; long names in lower case with `-` for `_`, short ones as spelt (`-c` and `-C` are two). */
  readonly name: string;
  /** What was put behind `=`, and the words that follow; empty = a switch. */
  readonly values: readonly Word[];
  /** The flag and its values as they were written. */
  readonly words: readonly string[];
  readonly path: string;
}

/**
 * The words of all entries. An entry that begins with a dash may hold several, split at white space; a word, or its part
 * behind `=`, may stand in quotes. Any other entry is one word as it stands: the value of the entry before.
 */
export function readWords(entries: readonly string[]): readonly Word[] {
  return entries.flatMap((entry, index) => {
    const path = `backendParameters[${index}]`;
    const text = entry.trim();
    const words = text.startsWith('-') ? splitWords(text, path) : [text].filter((word) => word !== '');
    return words.map((word) => ({ word, path }));
  });
}

/** Takes words together: `--flag`, `--flag value`, `--flag=value`, `-f value value`. Throws RequestError at any other. */
export function readFlags(entries: readonly string[]): readonly Flag[] {
  const flags: (Flag & { readonly values: Word[]; readonly words: string[] })[] = [];
  for (const { word, path } of readWords(entries)) {
    const last = flags.at(-1);
    if (/^--?[A-Za-z]/.test(word)) flags.push(toFlag(word, path));
    else if (last !== undefined) {
      last.values.push({ word, path });
      last.words.push(word);
    } else throw noFlag(word, path);
  }
  return flags;
}

/** The error of a word that stands where a flag should. */
export function noFlag(word: string, path: string): RequestError {
  return new RequestError('invalid_value', `'${word}' is no flag; flags begin with --.`, { param: path });
}

function toFlag(word: string, path: string): Flag & { readonly values: Word[]; readonly words: string[] } {
  const [, dashes, spelt, , inline] = /^(--?)([A-Za-z][\w.-]*)(=(.*))?$/s.exec(word) ?? [];
  if (spelt === undefined) throw noFlag(word, path);
  return {
    name: dashes === '--' ? spelt.toLowerCase().replaceAll('_', '-') : spelt,
    values: inline === undefined ? [] : [{ word: inline, path }],
    words: [word],
    path,
  };
}

/** Quotes count where a word or its value begins; inside a word (JSON, say) they are letters. */
const pattern = /((?:--?[\w.-]+=)?)(?:'([^']*)'|"((?:[^"\\]|\\.)*)")(?!\S)|(\S+)/gs;

function splitWords(text: string, path: string): readonly string[] {
  return Array.from(text.matchAll(pattern), ([, before = '', single, double, bare]) => {
    if (bare === undefined) return before + (single ?? (double ?? '').replaceAll(/\\(["\\])/g, '$1'));
    if (!/^(--?[\w.-]+=)?["']/.test(bare)) return bare;
    throw new RequestError('invalid_value', `The quote that begins ${bare} is not closed.`, { param: path });
  });
}
