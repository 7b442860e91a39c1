/** What string values of the nano format may be copied from. */

import type { GrammarNode, SpanSource } from '../../grammar/grammar.ts';
import { spanSources } from '../../grammar/span-sources.ts';
import { isJsonObject, type JsonSchema, member } from '../../schema/json-schema.ts';

/** Stretches as they stand, and as they are spelled inside JSON strings; absent if there are none. */
export interface Spans {
  readonly raw?: GrammarNode;
  readonly json?: GrammarNode;
}

/** What may be copied from these texts. */
export function spansOf(texts: readonly string[]): Spans {
  const raw = spanSources(texts, 'raw').map(withDots).map(asRaw).filter(isUsable);
  const json = spanSources(texts, 'json').map(withDots);
  return {
    ...(raw.length > 0 && { raw: { kind: 'span', sources: raw } }),
    ...(json.length > 0 && { json: { kind: 'span', sources: json } }),
  };
}

function withDots({ units, starts, ends }: SpanSource): SpanSource {
  return { units, starts: [...starts, ...dotStarts(units)], ends: [...ends, ...dotEnds(units)] };
}

/** Raw values may not begin like a JSON string or a token, nor with or before a blank. */
function asRaw({ units, starts, ends }: SpanSource): SpanSource {
  return {
    units,
    starts: starts.filter((unit) => !['"', '<', ' '].includes(units[unit] ?? ' ')),
    ends: ends.filter((unit) => units[unit] !== ' '),
  };
}

function isUsable({ starts, ends }: SpanSource): boolean {
  return starts.length > 0 && ends.length > 0;
}

/** `./notes.txt` and `.env` begin with what ends sentences elsewhere. */
function dotStarts(units: readonly string[]): number[] {
  return units.flatMap((unit, index) => {
    const isDot = unit === '.' && !/^[\w.]$/.test(units[index - 1] ?? ' ');
    return isDot && /^[\w/]$/.test(units[index + 1] ?? ' ') ? [index] : [];
  });
}

/** Where a sentence goes on, a dot belongs to the word before it (`Acme Inc. sells`), and so it does in `D.C.`. */
function dotEnds(units: readonly string[]): number[] {
  return units.flatMap((unit, index) => {
    if (!/^[.!?]$/.test(unit)) return [];
    const goesOn = /^(?: [a-z]|[,;)])/.test(units.slice(index + 1, index + 3).join(''));
    const isInitial = unit === '.' && /^\.[A-Z]$/.test(units.slice(index - 2, index).join(''));
    return goesOn || isInitial ? [index] : [];
  });
}

const quotations = /'([^'\n]+)'|"([^"\n]+)"|`([^`\n]+)`|“([^”\n]+)”|「([^」\n]+)」/g;

/** What a schema itself offers as values: its default, and what its description puts in quotes. */
export function ownTexts(schema: JsonSchema): string[] {
  if (!isJsonObject(schema)) return [];
  const description = member(schema, 'description');
  const quoted = typeof description === 'string' ? [...description.matchAll(quotations)] : [];
  const texts = quoted.map((match) => match.slice(1).find((group) => group !== undefined) ?? '');
  const preset = member(schema, 'default');
  return [...texts, ...(typeof preset === 'string' && preset !== '' ? [preset] : [])];
}
