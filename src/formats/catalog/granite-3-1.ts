/** Granite 3.1 to 3.3: a list of JSON objects behind one tag, at the very start. */

import { defineFormat } from '../define-format.ts';
import { jsonCall, many, seq, text } from '../syntax.ts';

/** The format of `<tool_call>[…]` without an end tag. */
export const granite31 = defineFormat({
  name: 'granite-3.1',
  kind: 'native',
  source: 'ibm-granite/granite-3.3-8b-instruct chat template',
  models: 'Granite 3.1, 3.2, 3.3',
  detect: {
    template: ['<tool_call>', '<|start_of_role|>', '<|tool_call|>'],
    without: ['</tool_call>', '<tools>'],
    names: ['granite'],
  },
  calls: seq(text('<tool_call>', '<|tool_call|>'), '[', many(jsonCall(), ', '), ']'),
  callsAtStart: true,
  example: '<tool_call>[{"name": "get_weather", "arguments": {"city": "Oslo"}}]',
  reasoning: { open: '<think>', close: '</think>' },
  reply: { open: '<response>', close: '</response>' },
});
