/** Spark 2.5: the keys and values of GLM 4.7 in a template of its own. */

import { defineFormat } from '../define-format.ts';
import { keysAndValues } from '../shapes.ts';

/** The format of Spark 2.5, letter by letter that of GLM 4.7. */
export const spark25 = defineFormat({
  name: 'spark-2.5',
  kind: 'native',
  source: 'iFlytek Spark 2.5 chat template',
  models: 'Spark 2.5',
  detect: { template: ['<arg_key>', '</arg_key>', '<arg_value>', '<tool_call>', '<|Bot|>'], names: ['spark'] },
  calls: keysAndValues,
  example: '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Oslo</arg_value></tool_call>',
  reasoning: { open: '<think>', close: '</think>' },
});
