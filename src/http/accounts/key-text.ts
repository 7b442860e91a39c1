/** The text of an API key: `sk-ams-`, 32 random characters, and a checksum that lets a fake be refused unseen. */

import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const prefix = 'sk-ams-';
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 32 characters of 62: 190 bits. */
const secretLength = 32;
/** 62⁶ > 2³². */
const checksumLength = 6;

/** A new key's text; it is shown once and kept by nobody but its holder. */
export function newKeyText(): string {
  const secret = Array.from({ length: secretLength }, () => alphabet[randomInt(alphabet.length)]).join('');
  return prefix + secret + checksumOf(secret);
}

/** Does it claim to be one of our keys? */
export function hasKeyShape(text: string): boolean {
  return text.startsWith(prefix);
}

/** Could it have been made by `newKeyText`? */
export function isKeyText(text: string): boolean {
  if (text.length !== prefix.length + secretLength + checksumLength || !hasKeyShape(text)) return false;
  const secret = text.slice(prefix.length, -checksumLength);
  return checksumOf(secret) === text.slice(-checksumLength);
}

/** The end of a key, by which people tell their keys apart. */
export function hintOf(keyText: string): string {
  return keyText.slice(-4);
}

function checksumOf(secret: string): string {
  let rest = crc32(secret);
  let text = '';
  for (let place = 0; place < checksumLength; place++) {
    text = alphabet.charAt(rest % alphabet.length) + text;
    rest = Math.floor(rest / alphabet.length);
  }
  return text;
}
