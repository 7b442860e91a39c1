/** Log probabilities as another server writes them. */

import { isObject } from '../../base/json.ts';
import type { DrawnLogprob, TokenLogprob } from '../../chat/logprob.ts';

/** More likeliest tokens than can be asked for are passed over. */
const mostRivals = 20;
const maxTokenLength = 4_096;

/** Those of the text's tokens; what cannot be read is left out. */
export function readLogprobs(logprobs: unknown): readonly DrawnLogprob[] {
  const content = isObject(logprobs) ? logprobs['content'] : undefined;
  if (!Array.isArray(content)) return [];
  return content.flatMap((item: unknown) => {
    const token = readToken(item);
    if (token === undefined) return [];
    const top = isObject(item) && Array.isArray(item['top_logprobs']) ? item['top_logprobs'] : [];
    return [{ ...token, top: top.slice(0, mostRivals).flatMap((rival: unknown) => readToken(rival) ?? []) }];
  });
}

function readToken(item: unknown): TokenLogprob | undefined {
  if (!isObject(item)) return undefined;
  const { token, logprob, bytes } = item;
  if (typeof token !== 'string' || token.length > maxTokenLength) return undefined;
  if (typeof logprob !== 'number' || !Number.isFinite(logprob)) return undefined;
  return { token, logprob, bytes: isBytes(bytes) ? bytes : [...new TextEncoder().encode(token)] };
}

function isBytes(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= maxTokenLength && value.every(isByte);
}

function isByte(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;
}
