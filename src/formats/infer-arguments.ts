/** Infers in which notation, other than JSON, a template writes arguments. */

import type { Notation, NotationOf, TypeMark } from '../grammar/notation.ts';
import { word } from './infer-samples.ts';
import { between, commonEnd, commonStart } from './infer-text.ts';

/** What is known when the arguments are looked at. */
export interface ArgumentSamples {
  /** The turns of one call with: one argument, two, an integer, a list, special characters. */
  readonly one: string;
  readonly pair: string;
  readonly integer: string;
  readonly list: string;
  readonly escaped: string;
  /** Where the name ends in all of them. */
  readonly nameEnd: number;
}

/** A notation, and the texts in front of its first and behind its last argument that are the arguments' own. */
export interface InferredNotation {
  readonly notation: Notation;
  readonly before: string;
  readonly after: string;
}

/** The notation of these samples; undefined if it is none that we know. */
export function inferNotation(samples: ArgumentSamples): InferredNotation | undefined {
  const { one, nameEnd } = samples;
  const lead = between(one, one.slice(0, nameEnd), word.key) ?? '';
  const middle = between(one, word.key, word.value, nameEnd);
  if (middle === undefined) return undefined;
  if (lead.trimEnd().endsWith('(') && /^=\s*["']$/.test(middle)) return inferPython(middle);
  if (lead.trimEnd().endsWith('{') && middle.startsWith(':') && middle.trim().length > 1) return inferBare(samples);
  const nested = inferNested(samples);
  return nested ?? inferTagged(samples, lead);
}

function inferPython(middle: string): InferredNotation {
  const quote = middle.endsWith("'") ? "'" : '"';
  return { notation: { kind: 'python', quote }, before: '', after: quote };
}

function inferBare({ one, integer, nameEnd }: ArgumentSamples): InferredNotation {
  const mark = between(one, `${word.key}:`, word.value, nameEnd) ?? '';
  const marked = integer.slice(nameEnd).includes(':40961') ? 'strings' : 'scalars';
  return { notation: { kind: 'bare', mark, marked }, before: '{', after: `${mark}}` };
}

/** The key stands on both sides of its value. */
function inferNested({ one, pair, list, nameEnd }: ArgumentSamples): InferredNotation | undefined {
  const opened = between(one, word.key, word.value, nameEnd) ?? '';
  const closing = between(one, word.value, word.key, nameEnd);
  if (closing === undefined) return undefined;
  const rest = pair.slice(pair.indexOf(word.key, pair.indexOf(word.value, nameEnd)) + word.key.length);
  const joint = rest.slice(0, rest.indexOf(word.otherKey));
  // A tag ends alike whether it opens or closes: `>` of the closing one must not count to the next opening one.
  const inner = joint.startsWith(opened) ? joint.slice(opened.length) : joint;
  const start = commonEnd(one.slice(nameEnd, one.indexOf(word.key, nameEnd)), inner).trimStart();
  const tail = joint.slice(0, joint.length - start.length);
  const end = tail.trimEnd();
  const inList = between(list, 'nqlist', word.value, nameEnd) ?? '';
  const isItem = inList.startsWith(opened + start) && inList.endsWith(opened) && inList !== opened + start;
  const item = isItem ? inList.slice(opened.length + start.length, -opened.length) : undefined;
  return {
    notation: {
      kind: 'nested',
      start: [start, opened],
      end: [closing, end],
      ...(item !== undefined && { item }),
      separator: tail.slice(end.length),
      escapes: 'none',
    },
    before: start,
    after: closing + word.key + end,
  };
}

function inferTagged(samples: ArgumentSamples, lead: string): InferredNotation | undefined {
  const { one, pair, integer, list, escaped, nameEnd } = samples;
  const joint = between(pair, word.value, word.otherKey, nameEnd);
  const wholeMiddle = between(one, word.key, word.value, nameEnd) ?? '';
  if (joint === undefined) return undefined;
  const open = commonEnd(lead, joint).trimStart();
  const tail = joint.slice(0, joint.length - open.length);
  const pad = wholeMiddle.endsWith('\n') && tail.startsWith('\n') ? '\n' : '';
  const middle = wholeMiddle.slice(0, wholeMiddle.length - pad.length);
  const rest = one.slice(one.indexOf(word.value, nameEnd) + word.value.length);
  const close = commonStart(tail, rest).slice(pad.length).trimEnd();
  const type = typeMark(middle, between(integer, 'nqinteger', '40961', nameEnd)?.slice(0, -pad.length || undefined));
  if (open === '' || close === '' || middle === '') return undefined;
  const notation: NotationOf<'tagged'> = {
    kind: 'tagged',
    open,
    middle: type?.middle ?? middle,
    close,
    separator: tail.slice(pad.length + close.length),
    pad,
    ...(type && { type: type.mark }),
    escapes: /a&lt;b|<!\[CDATA\[/.test(escaped) ? 'xml' : 'none',
    spacing: list.includes(`"${word.value}","`) ? 'compact' : 'spaced',
  };
  return { notation, before: open, after: pad + close };
}

/** Where a string's middle and an integer's differ, the differing word says the type. */
function typeMark(text: string, number: string | undefined): { mark: TypeMark; middle: string } | undefined {
  if (number === undefined || number === text) return undefined;
  const open = commonStart(text, number).replace(/\w+$/, '');
  const middle = commonEnd(text, number).replace(/^\w+/, '');
  const [one, other] = [text, number].map((each) => each.slice(open.length, each.length - middle.length));
  if (one === 'true' && other === 'false') return { mark: { open, words: 'flag' }, middle };
  return one === 'string' && other === 'integer' ? { mark: { open, words: 'type' }, middle } : undefined;
}
