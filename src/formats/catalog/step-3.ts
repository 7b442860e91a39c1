/** Step 3: steptml invocations between tokens. */

import { defineFormat } from '../define-format.ts';
import { many, name, seq, taggedArgs } from '../syntax.ts';

/** The format of `<steptml:invoke>`. */
export const step3 = defineFormat({
  name: 'step-3',
  kind: 'native',
  source: 'stepfun-ai/step3 chat template',
  models: 'Step 3',
  detect: { template: ['<steptml:invoke'], tokens: ['<｜tool_calls_begin｜>'], names: ['step'] },
  calls: seq(
    '<｜tool_calls_begin｜>',
    many(
      seq(
        '<｜tool_call_begin｜>',
        'function',
        '<｜tool_sep｜>',
        '<steptml:invoke name="',
        name('">'),
        taggedArgs(['<steptml:parameter name="', '">'], '</steptml:parameter>'),
        '</steptml:invoke>',
        '<｜tool_call_end｜>',
      ),
    ),
    '<｜tool_calls_end｜>',
  ),
  example:
    '<｜tool_calls_begin｜><｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="get_weather"><steptml:parameter name="city">Oslo</steptml:parameter></steptml:invoke><｜tool_call_end｜><｜tool_calls_end｜>',
  reasoning: { open: '<think>', close: '</think>' },
});
