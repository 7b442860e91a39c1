/** Which top-level fields are read, which are refused because ignoring them would change the answer's meaning. */

import type { Field } from '../../base/decode.ts';
import { RequestError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { WarningList } from './warnings.ts';

const readFields: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'functions',
  'function_call',
  'n',
  'logprobs',
  'top_logprobs',
  'logit_bias',
  'stop',
  'seed',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'presence_penalty',
  'frequency_penalty',
  'repeat_penalty',
  'repetition_penalty',
  'max_tokens',
  'max_completion_tokens',
  'stream',
  'stream_options',
  'chat_template_kwargs',
  'response_format',
  'aimindserve',
]);

type IsNeutral = (value: unknown) => boolean;

const oneOf =
  (...neutral: readonly unknown[]): IsNeutral =>
  (value) =>
    neutral.includes(value);
const isEmpty: IsNeutral = (value) =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
const never: IsNeutral = () => false;

/** Fields that we do not support, each with the values that ask for nothing (null and absent always do). */
const refusedFields: ReadonlyMap<string, IsNeutral> = new Map([
  ['best_of', oneOf(1)],
  ['prompt_logprobs', oneOf(0)],
  ['audio', never],
  ['modalities', (value: unknown) => Array.isArray(value) && value.length === 1 && value[0] === 'text'],
  ['web_search_options', never],
  ['prompt', never],
  ['suffix', never],
  ['echo', oneOf(false)],
  ['continue_final_message', oneOf(false)],
  ['add_generation_prompt', oneOf(true)],
  ['chat_template', never],
  ['documents', isEmpty],
  ['guided_json', never],
  ['guided_regex', never],
  ['guided_choice', never],
  ['guided_grammar', never],
  ['structured_outputs', never],
  ['grammar', oneOf('')],
  ['json_schema', isEmpty],
  ['logits_processors', isEmpty],
  ['allowed_token_ids', isEmpty],
  ['bad_words', isEmpty],
  ['stop_token_ids', isEmpty],
  ['ignore_eos', oneOf(false)],
  ['min_tokens', oneOf(0)],
  ['use_beam_search', oneOf(false)],
  ['include_stop_str_in_output', oneOf(false)],
]);

/** Throws for a field that must not be ignored; lists the others that are. */
export function checkFields(body: Field, warnings: WarningList): void {
  for (const [name, value] of Object.entries(body.object())) {
    if (readFields.has(name) || value === null) continue;
    const isNeutral = refusedFields.get(name);
    if (isNeutral === undefined) warnings.add('ignored_field', `The field '${name}' is ignored.`, name);
    else if (!isNeutral(value)) throw unsupported(name);
  }
}

/** The refusal of a field that cannot be honoured. */
export function unsupported(path: string, what = 'is not supported'): RequestError {
  return new RequestError('unsupported_field', `Unsupported parameter: '${path}' ${what}.`, { param: path });
}
