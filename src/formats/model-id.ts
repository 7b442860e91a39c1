/** Call ids as a model's template wants them: legal ids pass unchanged, others become legal ones that look the same always. */

import type { CallOrder } from './format.ts';

/** `alphanumeric`: so many letters and digits (Mistral: nine). `function`: `functions.NAME:ORDINAL` (Kimi). */
export type IdRule =
  | { readonly kind: 'alphanumeric'; readonly length: number }
  | { readonly kind: 'function'; readonly prefix: string };

/**
 * The id that the template is given for a client's id. One that we issued holds what the model wrote itself, so that
 * the next prompt shows it that again.
 */
export function modelId(rule: IdRule, id: string, { name, ordinal }: CallOrder): string {
  const written = /^chatcmpl-tool-[0-9a-f]+-([a-zA-Z0-9]+)$/.exec(id)?.[1] ?? '';
  if (rule.kind === 'alphanumeric') {
    if (isWritten(rule, written)) return written;
    return isWritten(rule, id) ? id : hashed(id, rule.length);
  }
  const spelled = `${rule.prefix}${name}:`;
  if (isWritten(rule, written)) return spelled + written;
  return id.startsWith(spelled) && isWritten(rule, id.slice(spelled.length)) ? id : `${spelled}${ordinal}`;
}

/** A fresh id that holds the one the model wrote (behind the name, where the rule has the name in it). */
export function issuedId(rule: IdRule | undefined, fresh: string, written: string): string {
  return rule !== undefined && isWritten(rule, written) ? `${fresh}-${written}` : fresh;
}

/** Longer numbers are no numbers of calls. */
const maxDigits = 6;

function isWritten(rule: IdRule, written: string): boolean {
  if (rule.kind === 'function') return /^\d+$/.test(written) && written.length <= maxDigits;
  return written.length === rule.length && /^[a-zA-Z0-9]+$/.test(written);
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Fowler, Noll and Vo's hash, 64 bits, written in letters and digits. */
function hashed(id: string, length: number): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(id)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & ~(-1n << 64n);
  let text = '';
  for (; text.length < length; hash = (hash * 0x100000001b3n + 1n) & ~(-1n << 64n))
    text += alphabet[Number((hash >> 40n) % 62n)] ?? '';
  return text;
}
