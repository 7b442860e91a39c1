/** DeepSeek V4: a block of invocations; each parameter says whether it is a string. */

import { defineFormat } from '../define-format.ts';
import { invocations } from '../shapes.ts';

/** The format of `<｜DSML｜tool_calls>`. */
export const deepseekV4 = defineFormat({
  name: 'deepseek-v4',
  kind: 'native',
  source: 'deepseek-ai/DeepSeek-V4 encoding reference',
  models: 'DeepSeek V4',
  detect: { template: ['｜DSML｜', 'tool_calls>'], tokens: ['｜DSML｜'], names: ['deepseek'] },
  calls: invocations('tool_calls', { mark: '｜DSML｜', type: { open: '" string="', words: 'flag' } }),
  lead: '\n\n',
  example:
    '<｜DSML｜tool_calls>\n<｜DSML｜invoke name="get_weather">\n<｜DSML｜parameter name="city" string="true">Oslo</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>',
  reasoning: { open: '<think>', close: '</think>', calls: 'end' },
});
