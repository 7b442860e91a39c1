/** Muse: a message to a tool, which holds an invocation that names the tool again. */

import { defineFormat } from '../define-format.ts';
import { again, many, name, seq, taggedArgs } from '../syntax.ts';

/** The format of `to=NAME<|message|><atem:function_calls>`. */
export const muse = defineFormat({
  name: 'muse',
  kind: 'native',
  source: 'Muse Glimmer chat template',
  models: 'Muse Glimmer',
  detect: { template: ['<atem:function_calls>'], names: ['muse'] },
  calls: many(
    seq(
      'to=',
      name('<|message|>'),
      '<atem:function_calls>',
      '<atem:invoke name="',
      again('">'),
      taggedArgs(['<atem:parameter name="', '">'], '</atem:parameter>'),
      '</atem:invoke>',
      '</atem:function_calls>',
      '<|eom|>',
    ),
  ),
  example:
    'to=get_weather<|message|><atem:function_calls><atem:invoke name="get_weather"><atem:parameter name="city">Oslo' +
    '</atem:parameter></atem:invoke></atem:function_calls><|eom|>',
  reasoning: { open: 'to=self<|message|>', close: '<|eom|>' },
});
