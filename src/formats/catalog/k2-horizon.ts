/** K2 Horizon: the keys and values of GLM in tags of its own, each with its type. */

import { defineFormat } from '../define-format.ts';
import { many, nameBefore, seq, taggedArgs } from '../syntax.ts';

/** The format of `<ifm|tool_calls>`. */
export const k2Horizon = defineFormat({
  name: 'k2-horizon',
  kind: 'native',
  source: 'LLM360/K2-Horizon chat template',
  models: 'K2 Horizon',
  detect: { template: ['<ifm|tool_calls>', '<ifm|arg_key>'], tokens: ['<ifm|tool_calls>'], names: ['k2-horizon'] },
  calls: seq(
    '<ifm|tool_calls>',
    many(
      seq(
        '<ifm|tool_call>',
        nameBefore('<'),
        taggedArgs(['<ifm|arg_key>', '</ifm|arg_type><ifm|arg_value>'], '</ifm|arg_value>', {
          type: { open: '</ifm|arg_key><ifm|arg_type>', words: 'type' },
        }),
        '</ifm|tool_call>',
      ),
    ),
    '</ifm|tool_calls>',
  ),
  example:
    '<ifm|tool_calls><ifm|tool_call>get_weather<ifm|arg_key>city</ifm|arg_key><ifm|arg_type>string</ifm|arg_type><ifm|arg_value>Oslo</ifm|arg_value></ifm|tool_call></ifm|tool_calls>',
  reasoning: { open: '<ifm|think>', close: '</ifm|think>' },
});
