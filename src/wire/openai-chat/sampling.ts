/** How tokens are drawn and where text stops: the numbers of a request. */

import type { Field } from '../../base/decode.ts';
import type { Sampling } from '../../chat/request.ts';

/** OpenAI allows four; engines allow more, and a reader of stops pays for each. */
const maxStops = 16;
/** A stop string is held back while it may still come true. */
const maxStopLength = 4_096;
/** What a token count may be at most: it fits every engine's integers. */
export const maxTokenCount = 2 ** 31 - 1;
const seedLimit = 2 ** 64;

/** What each protocol reads in its own way. */
interface OwnSampling {
  readonly topLogprobs: number | undefined;
  readonly maxTokens: number | undefined;
}

/** Everything that decides how tokens are drawn; how much is said of them, and how many, is the protocol's own. */
export function decodeSampling(body: Field, own: OwnSampling): Sampling {
  const entries = {
    temperature: body.get('temperature').optional((field) => field.number(0, 2)),
    topP: body.get('top_p').optional((field) => field.number(0, 1)),
    topK: body.get('top_k').optional(decodeTopK),
    minP: body.get('min_p').optional((field) => field.number(0, 1)),
    presencePenalty: body.get('presence_penalty').optional((field) => field.number(-2, 2)),
    frequencyPenalty: body.get('frequency_penalty').optional((field) => field.number(-2, 2)),
    repeatPenalty: firstPresent(body, ['repetition_penalty', 'repeat_penalty']).optional(decodeRepeatPenalty),
    seed: body.get('seed').optional((field) => field.integer(-seedLimit, seedLimit)),
    logitBias: body.get('logit_bias').optional(decodeLogitBias),
    ...own,
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

/** Each bias is looked at for every token that is drawn. */
const maxBiases = 1_024;
const tokenId = /^(?:0|[1-9]\d{0,9})$/;

/** Token ids as names, their bias as values; an empty object asks for nothing. */
function decodeLogitBias(field: Field): ReadonlyMap<number, number> | undefined {
  const names = Object.keys(field.object());
  if (names.length > maxBiases) throw field.invalid(`at most ${maxBiases} tokens may have a bias`);
  const biases = names.map((name): [number, number] => {
    const item = field.get(name);
    if (!tokenId.test(name)) throw item.invalid('its name must be a token id in decimal digits');
    return [Number(name), item.number(-100, 100)];
  });
  return biases.length === 0 ? undefined : new Map(biases);
}

const mostTopLogprobs = 20;

/** `logprobs` says whether, `top_logprobs` how many beside each token. */
export function decodeTopLogprobs(body: Field): number | undefined {
  const isAsked = body.get('logprobs').optional((field) => field.boolean()) ?? false;
  const field = body.get('top_logprobs');
  const count = field.optional((present) => present.integer(0, mostTopLogprobs)) ?? 0;
  if (!isAsked && count > 0) throw field.invalid("it needs 'logprobs' to be true");
  return isAsked ? count : undefined;
}

/** OpenAI's limit. */
export const mostChoices = 128;

/** How many answers are wanted. */
export function decodeChoices(field: Field): number | undefined {
  return field.optional((present) => present.integer(1, mostChoices));
}

/** Some servers write "no limit" as -1. */
function decodeTopK(field: Field): number {
  return Math.max(0, field.integer(-1, maxTokenCount));
}

/** The limit of a chat answer, under its new name or its old one. */
export function decodeMaxTokens(body: Field): number | undefined {
  const field = firstPresent(body, ['max_completion_tokens', 'max_tokens']);
  return field.optional((present) => (present.value === -1 ? undefined : present.integer(1, maxTokenCount)));
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
