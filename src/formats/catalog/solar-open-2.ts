/** Solar Open 2: tokens around the name, each key and each value. */

import { defineFormat } from '../define-format.ts';
import { gap, many, name, seq, taggedArgs } from '../syntax.ts';

/** The format of `<|tool_call:start|>`. */
export const solarOpen2 = defineFormat({
  name: 'solar-open-2',
  kind: 'native',
  source: 'upstage/Solar-Open-2 chat template',
  models: 'Solar Open 2',
  detect: {
    template: ['<|tool_call:start|>', '<|tool_arg:start|>'],
    tokens: ['<|tool_call:start|>'],
    names: ['solar'],
  },
  calls: many(
    seq(
      '<|tool_call:start|>',
      name('\n'),
      taggedArgs(['<|tool_arg:start|>', '<|tool_arg:value|>'], '<|tool_arg:end|>', { separator: '\n' }),
      gap('\n'),
      '<|tool_call:end|>',
    ),
    '\n',
  ),
  lead: '\n',
  example:
    '<|tool_call:start|>get_weather\n<|tool_arg:start|>city<|tool_arg:value|>Oslo<|tool_arg:end|>\n<|tool_call:end|>',
  reasoning: { open: '<think>', close: '</think>' },
});
