/** Call ids as a model's template wants them: legal ids pass unchanged, others become legal ones that look the same always. */

import type { CallOrder } from './format.ts';

/** `alphanumeric`: so many letters and digits (Mistral: nine). `function`: `functions.NAME:ORDINAL` (Kimi). */
export type IdRule =
  | { readonly kind: 'alphanumeric'; readonly length: number }
  | { readonly kind: 'function'; readonly prefix: string };

/** The id that the template is given for a client's id. */
export function modelId(rule: IdRule, id: string, { name, ordinal }: CallOrder): string {
  if (rule.kind === 'alphanumeric')
    return id.length === rule.length && /^[a-zA-Z0-9]+$/.test(id) ? id : hashed(id, rule.length);
  const spelled = `${rule.prefix}${name}:`;
  return id.startsWith(spelled) && /^\d+$/.test(id.slice(spelled.length)) ? id : `${spelled}${ordinal}`;
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
