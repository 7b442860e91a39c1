/** Which top-level fields are read, which are refused because ignoring them would change the answer's meaning. */

import type { Field } from '../../base/decode.ts';
import { RequestError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { WarningList } from './warnings.ts';

/** What a protocol does with the fields at the top of its bodies. */
export interface FieldRules {
  readonly read: ReadonlySet<string>;
  /** Fields that are not supported, each with the values that ask for nothing (null and absent always do). */
  readonly refused: ReadonlyMap<string, IsNeutral>;
}

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

/** Does this value ask for nothing? */
type IsNeutral = (value: unknown) => boolean;

/** These values ask for nothing. */
export const oneOf =
  (...neutral: readonly unknown[]): IsNeutral =>
  (value) =>
    neutral.includes(value);
const isEmpty: IsNeutral = (value) =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
/** There is no value that asks for nothing. */
export const never: IsNeutral = () => false;

/** Fields of other servers and of other decades that would change the answer, whichever protocol they come with. */
export const refusedEverywhere: ReadonlyArray<readonly [string, IsNeutral]> = [
  ['prompt_logprobs', oneOf(0)],
  ['suffix', oneOf('')],
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
];

const rules: FieldRules = {
  read: readFields,
  refused: new Map([
    ...refusedEverywhere,
    ['best_of', oneOf(1)],
    ['audio', never],
    ['modalities', (value: unknown) => Array.isArray(value) && value.length === 1 && value[0] === 'text'],
    ['web_search_options', never],
    ['prompt', never],
    ['echo', oneOf(false)],
    ['continue_final_message', oneOf(false)],
    ['add_generation_prompt', oneOf(true)],
    ['chat_template', never],
    ['documents', isEmpty],
  ]),
};

/** Throws for a field that must not be ignored; lists the others that are. */
export function checkFields(body: Field, warnings: WarningList, { read, refused } = rules): void {
  for (const [name, value] of Object.entries(body.object())) {
    if (read.has(name) || value === null) continue;
    const isNeutral = refused.get(name);
    if (isNeutral === undefined) warnings.add('ignored_field', `The field '${name}' is ignored.`, name);
    else if (!isNeutral(value)) throw unsupported(name);
  }
}

/** The refusal of a field that cannot be honoured. */
export function unsupported(path: string, what = 'is not supported'): RequestError {
  return new RequestError('unsupported_field', `Unsupported parameter: '${path}' ${what}.`, { param: path });
}
