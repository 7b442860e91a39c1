/** Phi 4 mini: a list of JSON objects between two markers; without the markers models write a word. */

import { defineFormat } from '../define-format.ts';
import { jsonCall, many, seq, text } from '../syntax.ts';

/** The format of `<|tool_call|>[…]<|/tool_call|>`. */
export const phi4Mini = defineFormat({
  name: 'phi-4-mini',
  kind: 'native',
  source: 'microsoft/Phi-4-mini-instruct chat template',
  models: 'Phi 4 mini',
  detect: {
    template: ['<|tool|>', '<|/tool|>'],
    tokens: ['<|tool_call|>', '<|/tool_call|>'],
    names: ['phi-4', 'phi4'],
  },
  calls: seq(text('<|tool_call|>', 'functools'), '[', many(jsonCall(), ', '), ']', text('<|/tool_call|>', '')),
  example: '<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Oslo"}}]<|/tool_call|>',
});
