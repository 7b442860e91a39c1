/** The bytes of tokens that are no whole characters, from the vocabulary in the model's folder. */

import { isObject } from '../../base/json.ts';
import { readJson } from '../../models/convert/read-json.ts';

/** Undefined where the folder does not tell. */
export type TokenBytes = (id: number) => readonly number[] | undefined;

/** Reads tokenizer.json of a BPE tokenizer, in the letters of GPT-2 or with `<0x0A>` for single bytes. */
export function readTokenBytes(folder: string): TokenBytes {
  const model = readJson(folder, 'tokenizer.json')?.['model'];
  const vocabulary = isObject(model) && isObject(model['vocab']) ? model['vocab'] : {};
  const spelt = new Map<unknown, string>();
  for (const [letters, id] of Object.entries(vocabulary)) spelt.set(id, letters);
  return (id) => toBytes(spelt.get(id));
}

function toBytes(letters: string | undefined): readonly number[] | undefined {
  if (letters === undefined) return undefined;
  const [, hexadecimal] = /^<0x([0-9A-F]{2})>$/.exec(letters) ?? [];
  if (hexadecimal !== undefined) return [Number.parseInt(hexadecimal, 16)];
  const bytes = Array.from(letters, (letter) => byteOf.get(letter));
  return bytes.every((byte) => byte !== undefined) ? bytes : undefined;
}

/** GPT-2 writes each byte as a letter: itself where that can be seen, else one from U+0100 on. */
const byteOf: ReadonlyMap<string, number> = lettersOfBytes();

function lettersOfBytes(): Map<string, number> {
  const isSeen = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad);
  const letters = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) letters.set(String.fromCodePoint(isSeen(byte) ? byte : next++), byte);
  return letters;
}
