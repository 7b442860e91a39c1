/** Laguna: the keys and values of GLM 4.5 in a template of its own. */

import { defineFormat } from '../define-format.ts';
import { keysAndValuesOnLines } from '../shapes.ts';

/** The format of Laguna, letter by letter that of GLM 4.5. */
export const poolsideV1 = defineFormat({
  name: 'poolside-v1',
  kind: 'native',
  source: 'poolside/Laguna chat template',
  models: 'Laguna',
  detect: { template: ['<arg_key>', '</arg_key>', '<arg_value>', '<tool_call>', '<assistant>'], names: ['poolside'] },
  calls: keysAndValuesOnLines,
  lead: '\n',
  example: '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n</tool_call>',
  reasoning: { open: '<think>', close: '</think>' },
});
