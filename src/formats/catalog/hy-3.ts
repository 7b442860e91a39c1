/** Hunyuan 3: a block of calls, each with a separator behind its name and keys and values in tags. */

import { defineFormat } from '../define-format.ts';
import { many, name, seq, taggedArgs } from '../syntax.ts';

/** The format of `<tool_sep>`. */
export const hy3 = defineFormat({
  name: 'hy-3',
  kind: 'native',
  source: 'tencent/Hy3 chat template',
  models: 'Hy 3',
  detect: {
    template: ['<tool_sep>', '<arg_key>', '</arg_key>', '<arg_value>', '<tool_call>'],
    tokens: ['<tool_sep>'],
    names: ['hy3', 'hunyuan'],
  },
  calls: seq(
    '<tool_calls>',
    many(
      seq(
        '<tool_call>',
        name('<tool_sep>'),
        taggedArgs(['<arg_key>', '</arg_key><arg_value>'], '</arg_value>'),
        '</tool_call>',
      ),
    ),
    '</tool_calls>',
  ),
  example:
    '<tool_calls><tool_call>get_weather<tool_sep><arg_key>city</arg_key><arg_value>Oslo</arg_value></tool_call></tool_calls>',
  reasoning: { open: '<think>', close: '</think>' },
});
