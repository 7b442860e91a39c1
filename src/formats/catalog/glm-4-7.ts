/** GLM 4.7 and 5: the tags of GLM 4.5 without line breaks. */

import { defineFormat } from '../define-format.ts';
import { keysAndValues } from '../shapes.ts';

/** The format of `<arg_key>` and `<arg_value>` on one line. */
export const glm47 = defineFormat({
  name: 'glm-4.7',
  kind: 'native',
  source: 'zai-org/GLM-4.7 chat template',
  models: 'GLM 4.7, 4.7 Flash, 5',
  detect: { template: ['<arg_key>', '</arg_key><arg_value>', '<tool_call>'], tokens: ['<arg_key>'], names: ['glm'] },
  calls: keysAndValues,
  example: '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Oslo</arg_value></tool_call>',
  reasoning: { open: '<think>', close: '</think>', calls: 'end' },
});
