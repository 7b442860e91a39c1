/** MiniCPM 5: real XML, entities included. */

import { defineFormat } from '../define-format.ts';
import { many, name, seq, taggedArgs } from '../syntax.ts';

/** The format of `<function name=…>` and `<param name=…>`. */
export const minicpm5 = defineFormat({
  name: 'minicpm-5',
  kind: 'native',
  source: 'openbmb/MiniCPM5 chat template',
  models: 'MiniCPM 5',
  detect: { template: ['<function name=', '<param name='], names: ['minicpm'] },
  calls: many(
    seq(
      '<function name="',
      name('">'),
      taggedArgs(['<param name="', '">'], '</param>', { escapes: 'xml' }),
      '</function>',
    ),
    '\n',
  ),
  lead: '\n',
  example: '<function name="get_weather"><param name="city">Oslo</param></function>',
  reasoning: { open: '<think>', close: '</think>' },
});
