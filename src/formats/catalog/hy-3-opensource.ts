/** Hunyuan 3 as its weights were opened: every token bears a suffix. */

import { defineFormat } from '../define-format.ts';
import { gap, many, name, seq, taggedArgs } from '../syntax.ts';

/** The format of `<tool_sep:opensource>`, else letter by letter that of Hunyuan 3. */
export const hy3Opensource = defineFormat({
  name: 'hy-3-opensource',
  kind: 'native',
  source: 'tencent/Hy3 chat template',
  models: 'Hy 3',
  detect: {
    template: ['<tool_sep{}>', '<arg_key{}>', ':opensource'],
    tokens: ['<tool_sep:opensource>'],
    names: ['hy3', 'hunyuan'],
  },
  calls: seq(
    '<tool_calls:opensource>',
    gap('\n'),
    many(
      seq(
        '<tool_call:opensource>',
        name('<tool_sep:opensource>'),
        gap('\n'),
        taggedArgs(
          ['<arg_key:opensource>', '</arg_key:opensource>\n<arg_value:opensource>'],
          '</arg_value:opensource>',
          { separator: '\n' },
        ),
        gap('\n'),
        '</tool_call:opensource>',
      ),
      '\n',
    ),
    gap('\n'),
    '</tool_calls:opensource>',
  ),
  example:
    '<tool_calls:opensource>\n<tool_call:opensource>get_weather<tool_sep:opensource>\n<arg_key:opensource>city</arg_key:opensource>\n<arg_value:opensource>Oslo</arg_value:opensource>\n</tool_call:opensource>\n' +
    '</tool_calls:opensource>',
  reasoning: { open: '<think:opensource>', close: '</think:opensource>' },
});
