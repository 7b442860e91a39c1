/** Text from outside made harmless: lone surrogates and NUL become U+FFFD, everywhere in a body. */

import { isObject } from '../../base/json.ts';

const unusable = /[\0\p{Surrogate}]/u;
const everyUnusable = /[\0\p{Surrogate}]/gu;

/**
 * The same value, or a copy where something had to be replaced. No tokenizer can encode a lone surrogate, and NUL
 * ends a string in C; neither is ever meant. The caller has bounded the nesting.
 */
export function cleanText(value: unknown): unknown {
  if (typeof value === 'string') return unusable.test(value) ? value.replace(everyUnusable, '\uFFFD') : value;
  if (Array.isArray(value)) return cleanArray(value);
  return isObject(value) ? cleanObject(value) : value;
}

function cleanArray(items: readonly unknown[]): unknown {
  const cleaned = items.map(cleanText);
  return cleaned.some((item, index) => item !== items[index]) ? cleaned : items;
}

function cleanObject(object: Record<string, unknown>): unknown {
  let changed = false;
  const entries = Object.entries(object).map(([key, item]): [string, unknown] => {
    const cleanKey = unusable.test(key) ? key.replace(everyUnusable, '\uFFFD') : key;
    const cleanItem = cleanText(item);
    if (cleanKey !== key || cleanItem !== item) changed = true;
    return [cleanKey, cleanItem];
  });
  return changed ? Object.fromEntries(entries) : object;
}
