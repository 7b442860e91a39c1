/** GigaChat 3.5: a block of invocations; each parameter says whether it is a string. */

import { defineFormat } from '../define-format.ts';
import { invocations } from '../shapes.ts';

/** The format of `<｜GCML｜function_calls>`. */
export const gigachat35 = defineFormat({
  name: 'gigachat-3.5',
  kind: 'native',
  source: 'ai-sage/GigaChat3.5 chat template',
  models: 'GigaChat 3.5',
  detect: { template: ['｜GCML｜', 'function_calls>'], tokens: ['｜GCML｜'], names: ['gigachat'] },
  calls: invocations('function_calls', { mark: '｜GCML｜', type: { open: '" string="', words: 'flag' } }),
  lead: '\n\n',
  example:
    '<｜GCML｜function_calls>\n<｜GCML｜invoke name="get_weather">\n<｜GCML｜parameter name="city" string="true">Oslo</｜GCML｜parameter>\n</｜GCML｜invoke>\n</｜GCML｜function_calls>',
  reasoning: { open: '<think>', close: '</think>', calls: 'end' },
});
