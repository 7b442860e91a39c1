/** LFM 2: a list of Python calls between two tokens. */

import { defineFormat } from '../define-format.ts';
import { many, name, pythonArgs, seq } from '../syntax.ts';

/** The format of `<|tool_call_start|>[…]<|tool_call_end|>`. */
export const lfm2 = defineFormat({
  name: 'lfm-2',
  kind: 'native',
  source: 'LiquidAI/LFM2-1.2B chat template',
  models: 'LFM 2',
  detect: { template: ['<|tool_list_start|>'], tokens: ['<|tool_call_start|>'], names: ['lfm'] },
  calls: seq('<|tool_call_start|>', '[', many(seq(name('('), pythonArgs(), ')'), ', '), ']', '<|tool_call_end|>'),
  example: '<|tool_call_start|>[get_weather(city="Oslo")]<|tool_call_end|>',
  reasoning: { open: '<think>', close: '</think>' },
});
