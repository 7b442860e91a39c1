/** Spark 2.5: the keys and values of GLM 4.5 in a template of its own. */

import { defineFormat } from '../define-format.ts';
import { gap, many, name, seq, taggedArgs } from '../syntax.ts';

/** The format of Spark 2.5, letter by letter that of GLM 4.5. */
export const spark25 = defineFormat({
  name: 'spark-2.5',
  kind: 'native',
  source: 'iFlytek Spark 2.5 chat template',
  models: 'Spark 2.5',
  detect: { template: ['<arg_key>', '</arg_key>', '<arg_value>', '<tool_call>', '<User>'], names: ['spark'] },
  calls: many(
    seq(
      '<tool_call>',
      name('\n'),
      taggedArgs(['<arg_key>', '</arg_key>\n<arg_value>'], '</arg_value>', { separator: '\n' }),
      gap('\n'),
      '</tool_call>',
    ),
    '\n',
  ),
  lead: '\n',
  example: '<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n</tool_call>',
  reasoning: { open: '<think>', close: '</think>' },
});
