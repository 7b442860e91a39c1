/** A completions body as a ChatRequest of raw prompts. */

import { Field } from '../../base/decode.ts';
import type { RawPrompt } from '../../chat/request.ts';
import { cleanText } from '../openai-chat/clean-text.ts';
import { decodeIncludeUsage, decodeModel } from '../openai-chat/decode.ts';
import { checkFields, type FieldRules, never, oneOf, refusedEverywhere, unsupported } from '../openai-chat/fields.ts';
import { decodeChoices, decodeSampling, decodeStop, maxTokenCount, mostChoices } from '../openai-chat/sampling.ts';
import { WarningList } from '../openai-chat/warnings.ts';
import type { DecodeContext, Decoded } from '../protocol.ts';
import { decodePrompts } from './prompts.ts';

const rules: FieldRules = {
  read: new Set([
    ...['model', 'prompt', 'n', 'best_of', 'echo', 'logprobs', 'logit_bias', 'max_tokens', 'stop', 'seed'],
    ...['temperature', 'top_p', 'top_k', 'min_p', 'presence_penalty', 'frequency_penalty'],
    ...['repeat_penalty', 'repetition_penalty', 'stream', 'stream_options'],
  ]),
  refused: new Map([
    ...refusedEverywhere,
    ['messages', never],
    ['tools', never],
    ['functions', never],
    ['response_format', never],
    ['top_logprobs', never],
    ['add_special_tokens', oneOf(true)],
  ]),
};

/** OpenAI's own: an answer to a client that sets no limit is short. */
const defaultMaxTokens = 16;
const mostTopLogprobs = 5;

/** Decodes a body whose nesting is bounded (`parseBody` sees to that). */
export function decode(body: unknown, context: DecodeContext): Decoded {
  const warnings = new WarningList();
  const field = new Field(cleanText(body));
  if (field.value !== body) warnings.add('replaced_characters', 'Lone surrogates and NUL characters became U+FFFD.');
  field.object();
  const model = decodeModel(field.get('model'));
  checkFields(field, warnings, rules);
  const raw = decodePrompts(field.get('prompt'));
  const choices = decodeNumbers(field, raw.length);
  const topLogprobs = field.get('logprobs').optional((item) => item.integer(0, mostTopLogprobs));
  const maxTokens = field.get('max_tokens').optional((item) => item.integer(0, maxTokenCount)) ?? defaultMaxTokens;
  const echo = decodeEcho(field, raw, choices);
  const request = {
    model,
    messages: [],
    tools: [],
    toolChoice: { type: 'none' } as const,
    parallelCalls: false,
    sampling: decodeSampling(field, { topLogprobs, maxTokens }),
    stop: decodeStop(field.get('stop')),
    templateVariables: {},
    ...(choices > 1 && { choices }),
    raw,
    ...(context.raw && { reportsRaw: true as const }),
    warnings: warnings.all(),
  };
  const reply = {
    stream: field.get('stream').optional((item) => item.boolean()) ?? false,
    model,
    created: context.created,
    includeUsage: decodeIncludeUsage(field.get('stream_options')),
    envelope: false,
    report: context.report,
    ...(echo && { echo }),
  };
  return { request, reply };
}

/** How many answers each prompt gets. Choosing the best of more than are sent is not done. */
function decodeNumbers(body: Field, prompts: number): number {
  const field = body.get('n');
  const choices = decodeChoices(field) ?? 1;
  const bestOf = body.get('best_of');
  if (!bestOf.isAbsent && bestOf.integer(1) !== choices)
    throw unsupported(bestOf.path, "other than 'n' is not supported");
  if (prompts * choices <= mostChoices) return choices;
  const wrong = field.isAbsent ? body.get('prompt') : field;
  throw wrong.invalid(`${prompts} prompts with ${choices} answers each are more than ${mostChoices} answers`);
}

/** The text before each choice. */
function decodeEcho(body: Field, raw: readonly RawPrompt[], choices: number): readonly string[] | undefined {
  const field = body.get('echo');
  if (field.optional((item) => item.boolean()) !== true) return undefined;
  if (!body.get('logprobs').isAbsent) throw unsupported(field.path, "beside 'logprobs' is not supported");
  return raw.flatMap(({ text }) => {
    if (typeof text !== 'string') throw unsupported(field.path, 'of token ids is not supported');
    return Array.from({ length: choices }, () => text);
  });
}
