/** GLM 4.5: the name on the first line, then keys and values in tags. */

import { defineFormat } from '../define-format.ts';
import { keysAndValuesOnLines } from '../shapes.ts';

/** The format of `<arg_key>` and `<arg_value>` on lines. */
export const glm45 = defineFormat({
  name: 'glm-4.5',
  kind: 'native',
  source: 'zai-org/GLM-4.5 chat template',
  models: 'GLM 4.5, 4.5 Air, 4.6',
  detect: {
    template: ['<arg_key>', '</arg_key>', '<arg_value>', '<tool_call>'],
    tokens: ['<arg_key>'],
    names: ['glm'],
  },
  calls: keysAndValuesOnLines,
  lead: '\n',
  example: '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n</tool_call>',
  reasoning: { open: '<think>', close: '</think>' },
});
