/** Finds the format that a model's chat template speaks. */

import { promptText } from '../chat/prompt.ts';
import type { ModelFacts, ToolFormat } from './format.ts';
import { type Samples, sampleCalls, sampleTools, word } from './infer-samples.ts';

/** The choice, how sure it is, and the sentence that explains it to an operator. */
export interface Detection {
  readonly format: ToolFormat;
  readonly score: number;
  /** The distance to the next best that writes calls differently. */
  readonly margin: number;
  readonly evidence: string;
  /** All formats that are possible, the best first. */
  readonly candidates: readonly Candidate[];
}

/** A format that the model may speak, and why. */
export interface Candidate {
  readonly format: ToolFormat;
  readonly score: number;
  readonly evidence: readonly string[];
}

/**
 * The format with the highest score; of equals the first. `samples` (what the template makes of calls) count for more
 * than any sign: a format that writes calls as the template does is hardly another.
 */
export function detectFormat(
  facts: ModelFacts,
  formats: readonly [ToolFormat, ...ToolFormat[]],
  samples?: Samples,
): Detection {
  const score = (format: ToolFormat): Candidate => scored(format, facts, samples);
  const [first, ...others] = formats;
  const all = [score(first), ...others.map(score)];
  const best = all.reduce((one, other) => (other.score > one.score ? other : one));
  const rest = all.filter(({ format, score }) => score > 0 && format !== best.format).sort((a, b) => b.score - a.score);
  const second = rest.find(({ format }) => written(format, 'two') !== written(best.format, 'two'))?.score ?? 0;
  const also = rest.length === 0 ? '' : `; also possible: ${rest.map(({ format }) => format.name).join(', ')}`;
  const evidence = `${best.format.name} (${best.evidence.join(', ')}; score ${best.score}${also})`;
  return {
    format: best.format,
    score: best.score,
    margin: rounded(best.score - second),
    evidence,
    candidates: [best, ...rest],
  };
}

function scored(format: ToolFormat, facts: ModelFacts, samples: Samples | undefined): Candidate {
  const detected = format.detect(facts);
  // What a prompted format writes, no template writes but by chance.
  const agreement = samples === undefined || format.kind === 'prompted' ? 0 : agreementOf(format, samples);
  if (agreement === 0) return { format, ...detected };
  const how =
    agreement === exactly
      ? 'writes calls as the template does'
      : 'writes calls as the template does, but for blanks or quotes';
  return { format, score: rounded(detected.score + agreement), evidence: [how, ...detected.evidence] };
}

/** What it is worth that a format writes calls byte for byte as the template does, and what if blanks or quotes differ. */
const exactly = 5;
const butForTaste = 2;

function agreementOf(format: ToolFormat, { turns, one, turnEnd }: Samples): number {
  const two = turns.get('two') ?? '';
  // Some templates print one call of a turn only, or each in a turn of its own.
  const isWhole = two.includes(word.otherTool) && !(turnEnd.trim() !== '' && two.includes(turnEnd.trim()));
  const own = written(format, isWhole ? 'two' : 'one');
  const shown = withoutEndToken(isWhole ? two : one, own);
  if (shown === own) return exactly;
  return withoutTaste(shown) === withoutTaste(own) ? butForTaste : 0;
}

/** The calls of a sample as the format writes them, without what the prompt holds of them already. */
function written(format: ToolFormat, sample: 'one' | 'two'): string {
  const calls = sampleCalls(sample, 'plain');
  const whole = promptText(format.render({ text: '', calls, tools: sampleTools }));
  const { promptTail = '' } = format;
  return whole.startsWith(promptTail) ? whole.slice(promptTail.length) : whole;
}

/** A special token may end turns with calls only. */
function withoutEndToken(shown: string, own: string): string {
  return shown.startsWith(own) && /^\s*<[^<>\s]+>\s*$/.test(shown.slice(own.length)) ? own : shown;
}

/** Blanks in JSON and the kind of quotes in Python are the template's taste. */
function withoutTaste(text: string): string {
  return text.replace(/\s+/g, '').replaceAll("'", '"');
}

function rounded(score: number): number {
  return Math.round(score * 100) / 100;
}
