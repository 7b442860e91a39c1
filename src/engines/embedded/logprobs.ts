/** How likely the model found a token and its rivals: the log-softmax of the logits as the model gave them. */

import type { DrawnLogprob, TokenLogprob } from '../../chat/logprob.ts';
import { best } from './candidates.ts';
import type { TokenTable } from './token-table.ts';

/** Stands for minus infinity, which JSON cannot say; OpenAI's own number for it. */
const impossible = -9_999;

/** The drawn token and the `count` likeliest; `logits` are untouched by bias, penalties and grammar. */
export function readLogprobs(
  logits: Float32Array,
  drawn: number,
  { tokens, count }: { readonly tokens: TokenTable; readonly count: number },
): DrawnLogprob {
  const whole = logSum(logits);
  const read = (id: number): TokenLogprob => {
    const logprob = (logits[id] ?? Number.NaN) - whole;
    // Rounding may lift the only possible token above certainty; a damaged logit is no number.
    return { ...spell(tokens, id), logprob: logprob >= impossible ? Math.min(logprob, 0) : impossible };
  };
  return { ...read(drawn), top: count === 0 ? [] : best(logits, count).map(read) };
}

/** A logit this far below the highest adds nothing: a million of them are less than a float's last digit. */
const reach = 32;

/** The logarithm of the sum of all exponentials, kept from overflowing by taking the highest out. */
function logSum(logits: Float32Array): number {
  const top = logits[best(logits, 1)[0] ?? 0] ?? 0;
  const floor = top - reach;
  let sum = 0;
  // By index: it runs for every token over the whole vocabulary. What is no number fails the comparison.
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] ?? 0;
    if (logit > floor) sum += Math.exp(logit - top);
  }
  return top + Math.log(sum);
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function spell(tokens: TokenTable, id: number): { readonly token: string; readonly bytes: readonly number[] } {
  const special = tokens.special(id);
  const bytes = special === undefined ? tokens.bytes(id) : Buffer.from(special, 'utf8');
  return { token: special ?? decoder.decode(bytes), bytes: [...bytes] };
}
