/** FunctionGemma: a call with bare keys, all values between marks. */

import { defineFormat } from '../define-format.ts';
import { bareArgs, many, nameBefore, seq } from '../syntax.ts';

/** The format of `call:NAME{key:<escape>value<escape>}`. */
export const functiongemma = defineFormat({
  name: 'functiongemma',
  kind: 'native',
  source: 'google/functiongemma-270m-it chat template',
  models: 'FunctionGemma',
  detect: {
    template: ['<start_function_call>', '<escape>'],
    tokens: ['<start_function_call>', '<escape>'],
    names: ['functiongemma'],
  },
  calls: many(
    seq('<start_function_call>', 'call:', nameBefore('{'), bareArgs('<escape>', 'scalars'), '<end_function_call>'),
  ),
  example: '<start_function_call>call:get_weather{city:<escape>Oslo<escape>}<end_function_call>',
});
