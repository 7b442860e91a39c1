/** MiniMax M1: one JSON object on each line of a block. */

import { defineFormat } from '../define-format.ts';
import { gap, jsonCall, many, seq } from '../syntax.ts';

/** The format of `<tool_calls>` with lines. */
export const minimaxM1 = defineFormat({
  name: 'minimax-m1',
  kind: 'native',
  source: 'MiniMaxAI/MiniMax-M1-80k chat template',
  models: 'MiniMax M1, Text 01',
  detect: { template: ['<tool_calls>', '<beginning_of_sentence>'], names: ['minimax'] },
  calls: seq('<tool_calls>', gap('\n'), many(jsonCall(), '\n'), gap('\n'), '</tool_calls>'),
  lead: '\n',
  example: '<tool_calls>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_calls>',
  reasoning: { open: '<think>', close: '</think>' },
});
