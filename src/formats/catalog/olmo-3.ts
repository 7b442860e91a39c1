/** OLMo 3: a Python call on each line of a block. */

import { defineFormat } from '../define-format.ts';
import { gap, many, name, pythonArgs, seq } from '../syntax.ts';

/** The format of `<function_calls>` with lines. */
export const olmo3 = defineFormat({
  name: 'olmo-3',
  kind: 'native',
  source: 'allenai/Olmo-3-7B-Instruct chat template',
  models: 'OLMo 3',
  detect: { template: ['<function_calls>'], without: ['<invoke'], names: ['olmo'] },
  calls: seq(
    '<function_calls>',
    gap('\n'),
    many(seq(name('('), pythonArgs(), ')'), '\n'),
    gap('\n'),
    '</function_calls>',
  ),
  example: '<function_calls>\nget_weather(city="Oslo")\n</function_calls>',
  reasoning: { open: '<think>', close: '</think>' },
});
