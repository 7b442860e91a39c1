/** How tokens are drawn and where text stops: the numbers of a request. */

import type { Field } from '../../base/decode.ts';
import type { Sampling } from '../../chat/request.ts';

/** OpenAI allows four; engines allow more, and a reader of stops pays for each. */
const maxStops = 16;
/** A stop string is held back while it may still come true. */
const maxStopLength = 4_096;
const maxTokenCount = 2 ** 31 - 1;
const seedLimit = 2 ** 64;

/** Everything that decides how tokens are drawn. */
export function decodeSampling(body: Field): Sampling {
  const entries = {
    temperature: body.get('temperature').optional((field) => field.number(0, 2)),
    topP: body.get('top_p').optional((field) => field.number(0, 1)),
    topK: body.get('top_k').optional(decodeTopK),
    minP: body.get('min_p').optional((field) => field.number(0, 1)),
    presencePenalty: body.get('presence_penalty').optional((field) => field.number(-2, 2)),
    frequencyPenalty: body.get('frequency_penalty').optional((field) => field.number(-2, 2)),
    repeatPenalty: firstPresent(body, ['repetition_penalty', 'repeat_penalty']).optional(decodeRepeatPenalty),
    seed: body.get('seed').optional((field) => field.integer(-seedLimit, seedLimit)),
    maxTokens: firstPresent(body, ['max_completion_tokens', 'max_tokens']).optional(decodeMaxTokens),
  };
  return withoutAbsent(entries);
}

/** The stop strings; empty ones ask for nothing. */
export function decodeStop(field: Field): readonly string[] {
  if (field.isAbsent) return [];
  const items = typeof field.value === 'string' ? [field] : field.items();
  if (items.length > maxStops) throw field.invalid(`at most ${maxStops} stop sequences are allowed`);
  const stops = items.map((item) => {
    const stop = item.string();
    if (stop.length > maxStopLength) throw item.invalid(`must be at most ${maxStopLength} characters long`);
    return stop;
  });
  return stops.filter((stop) => stop !== '');
}

/** Some servers write "no limit" as -1. */
function decodeTopK(field: Field): number {
  return Math.max(0, field.integer(-1, maxTokenCount));
}

function decodeMaxTokens(field: Field): number | undefined {
  return field.value === -1 ? undefined : field.integer(1, maxTokenCount);
}

function decodeRepeatPenalty(field: Field): number {
  const value = field.number(0, 10);
  if (value === 0) throw field.invalid('must be greater than 0');
  return value;
}

function firstPresent(body: Field, names: readonly [string, string]): Field {
  const first = body.get(names[0]);
  return first.isAbsent ? body.get(names[1]) : first;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutAbsent<T extends object>(entries: T): Present<T> {
  const kept: Present<T> = {};
  for (const key in entries) {
    const value = entries[key];
    if (value !== undefined) Object.assign(kept, { [key]: value });
  }
  return kept;
}
