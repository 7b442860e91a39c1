/** Repetitions as GBNF, divided so that llama.cpp takes them: it refuses, or silently unbounds, large numbers. */

import type { RuleBook } from './print-gbnf-rules.ts';

/** llama.cpp refuses 2,000 repetitions and more. */
const maxTimes = 1000;

/** `part`, which must be one terminal or rule, from `min` to `max` times. */
export function printRepeat(part: string, min: number, max: number, book: RuleBook): string {
  if (max === Infinity) {
    if (min <= 1) return part + (min === 0 ? '*' : '+');
    return min <= maxTimes ? `${part}{${min},}` : `${exactly(part, min, book)} ${part}*`;
  }
  if (max === 1) return min === 1 ? part : `${part}?`;
  if (max <= maxTimes) return min === max ? `${part}{${min}}` : `${part}{${min},${max}}`;
  return [...(min > 0 ? [exactly(part, min, book)] : []), ...(max > min ? [upTo(part, max - min, book)] : [])].join(
    ' ',
  );
}

function exactly(part: string, times: number, book: RuleBook): string {
  if (times <= maxTimes) return times === 1 ? part : `${part}{${times}}`;
  const many = book.add('many', () => `${part}{${maxTimes}}`);
  const rest = times % maxTimes;
  return exactly(many, Math.floor(times / maxTimes), book) + (rest === 0 ? '' : ` ${exactly(part, rest, book)}`);
}

/** Whole thousands and up to 999 more, or all the thousands and the rest. */
function upTo(part: string, times: number, book: RuleBook): string {
  if (times <= maxTimes) return times === 1 ? `${part}?` : `${part}{0,${times}}`;
  const many = book.add('many', () => `${part}{${maxTimes}}`);
  const thousands = Math.floor(times / maxTimes);
  const rest = times % maxTimes;
  const fewer = [...(thousands > 1 ? [upTo(many, thousands - 1, book)] : []), `${part}{0,${maxTimes - 1}}`].join(' ');
  const all = [exactly(many, thousands, book), ...(rest > 0 ? [upTo(part, rest, book)] : [])].join(' ');
  return book.add('up-to', () => `${fewer} | ${all}`);
}
