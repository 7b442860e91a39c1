/** DeepSeek V3.2: a block of invocations; each parameter says whether it is a string. */

import { defineFormat } from '../define-format.ts';
import { gap, many, name, seq, taggedArgs } from '../syntax.ts';

/** The format of `<｜DSML｜function_calls>`. */
export const deepseekV32 = defineFormat({
  name: 'deepseek-v3.2',
  kind: 'native',
  source: 'deepseek-ai/DeepSeek-V3.2 encoding reference',
  models: 'DeepSeek V3.2',
  detect: { template: ['｜DSML｜', 'function_calls>'], tokens: ['｜DSML｜'], names: ['deepseek'] },
  calls: seq(
    '<｜DSML｜function_calls>',
    gap('\n'),
    many(
      seq(
        '<｜DSML｜invoke name="',
        name('">'),
        gap('\n'),
        taggedArgs(['<｜DSML｜parameter name="', '">'], '</｜DSML｜parameter>', {
          type: { open: '" string="', words: 'flag' },
          separator: '\n',
        }),
        gap('\n'),
        '</｜DSML｜invoke>',
      ),
      '\n',
    ),
    gap('\n'),
    '</｜DSML｜function_calls>',
  ),
  lead: '\n\n',
  example:
    '<｜DSML｜function_calls>\n<｜DSML｜invoke name="get_weather">\n<｜DSML｜parameter name="city" string="true">Oslo</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>',
  reasoning: { open: '<think>', close: '</think>', calls: 'end' },
});
