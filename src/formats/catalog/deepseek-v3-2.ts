/** DeepSeek V3.2: a block of invocations; each parameter says whether it is a string. */

import { defineFormat } from '../define-format.ts';
import { invocations } from '../shapes.ts';

/** The format of `<｜DSML｜function_calls>`. */
export const deepseekV32 = defineFormat({
  name: 'deepseek-v3.2',
  kind: 'native',
  source: 'deepseek-ai/DeepSeek-V3.2 encoding reference',
  models: 'DeepSeek V3.2',
  detect: { template: ['｜DSML｜', 'function_calls>'], tokens: ['｜DSML｜'], names: ['deepseek'] },
  calls: invocations('function_calls', { mark: '｜DSML｜', type: { open: '" string="', words: 'flag' } }),
  lead: '\n\n',
  example:
    '<｜DSML｜function_calls>\n<｜DSML｜invoke name="get_weather">\n<｜DSML｜parameter name="city" string="true">Oslo</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>',
  reasoning: { open: '<think>', close: '</think>', calls: 'end' },
});
