/** Mistral Small 3.2: name, id and arguments behind a marker each. */

import { defineFormat } from '../define-format.ts';
import { id, jsonArgs, many, name, seq } from '../syntax.ts';

/** The format of `[TOOL_CALLS]NAME[CALL_ID]ID[ARGS]{…}`. */
export const mistralSmall32 = defineFormat({
  name: 'mistral-small-3.2',
  kind: 'native',
  source: 'mistralai/Mistral-Small-3.2-24B-Instruct-2506 chat template',
  models: 'Mistral Small 3.2',
  detect: {
    template: ['[TOOL_CALLS]', '[CALL_ID]', '[ARGS]'],
    tokens: ['[TOOL_CALLS]', '[CALL_ID]'],
    names: ['mistral'],
  },
  calls: many(seq('[TOOL_CALLS]', name('[CALL_ID]'), id('[ARGS]'), jsonArgs())),
  example: '[TOOL_CALLS]get_weather[CALL_ID]call-0[ARGS]{"city": "Oslo"}',
  ids: { kind: 'alphanumeric', length: 9 },
});
