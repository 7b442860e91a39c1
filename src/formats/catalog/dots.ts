/** dots: a block of invocations with named parameters. */

import { defineFormat } from '../define-format.ts';
import { invocations } from '../shapes.ts';

/** The format of `<dots_function_call>`. */
export const dots = defineFormat({
  name: 'dots',
  kind: 'native',
  source: 'rednote-hilab dots chat template',
  models: 'dots',
  detect: { template: ['<dots_function_call>', '<invoke name='], tokens: ['<dots_function_call>'], names: ['dots'] },
  calls: invocations('dots_function_call'),
  lead: '\n',
  example:
    '<dots_function_call>\n<invoke name="get_weather">\n<parameter name="city">Oslo</parameter>\n</invoke>\n</dots_function_call>',
  reasoning: { open: '<think>', close: '</think>' },
});
