/** Ling 3: the keys and values of GLM 4.5 in a template of its own. */

import { defineFormat } from '../define-format.ts';
import { keysAndValuesOnLines } from '../shapes.ts';

/** The format of Ling 3, letter by letter that of GLM 4.5. */
export const ling3 = defineFormat({
  name: 'ling-3',
  kind: 'native',
  source: 'inclusionAI/Ling-3 chat template',
  models: 'Ling 3',
  detect: { template: ['<arg_key>', '</arg_key>', '<arg_value>', '<tool_call>', '<role>'], names: ['ling'] },
  calls: keysAndValuesOnLines,
  lead: '\n',
  example: '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n</tool_call>',
  reasoning: { open: '<think>', close: '</think>' },
});
