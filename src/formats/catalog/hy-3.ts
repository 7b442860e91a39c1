/** Hunyuan 3: a block of calls, each with a separator behind its name and keys and values in tags. */

import { defineFormat } from '../define-format.ts';
import { gap, many, name, seq, taggedArgs } from '../syntax.ts';

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
    gap('\n'),
    many(
      seq(
        '<tool_call>',
        name('<tool_sep>'),
        gap('\n'),
        taggedArgs(['<arg_key>', '</arg_key>\n<arg_value>'], '</arg_value>', { separator: '\n' }),
        gap('\n'),
        '</tool_call>',
      ),
      '\n',
    ),
    gap('\n'),
    '</tool_calls>',
  ),
  example:
    '<tool_calls>\n<tool_call>get_weather<tool_sep>\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n</tool_call>\n' +
    '</tool_calls>',
  reasoning: { open: '<think>', close: '</think>' },
});
