/** Mistral since tokenizer version 11: each call behind its own marker, the name before its arguments. */

import { defineFormat } from '../define-format.ts';
import { jsonArgs, many, name, seq } from '../syntax.ts';

/** The format of templates with `[TOOL_CALLS]NAME[ARGS]{…}`. */
export const mistralV11 = defineFormat({
  name: 'mistral-v11',
  kind: 'native',
  source: 'mistralai/Ministral-3-8B-Instruct-2512 chat template',
  models: 'Mistral Small 3.x, Devstral, Magistral, Ministral 3, Large 3',
  detect: {
    template: ['[TOOL_CALLS]', '[ARGS]'],
    without: ['[CALL_ID]'],
    tokens: ['[TOOL_CALLS]', '[ARGS]'],
    names: ['mistral', 'devstral', 'magistral'],
  },
  calls: many(seq('[TOOL_CALLS]', name('[ARGS]'), jsonArgs())),
  example: '[TOOL_CALLS]get_weather[ARGS]{"city": "Oslo"}',
  reasoning: { open: '[THINK]', close: '[/THINK]' },
  ids: { kind: 'alphanumeric', length: 9 },
});
