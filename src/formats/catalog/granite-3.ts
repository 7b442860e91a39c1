/** Granite 3.0: a list of JSON objects behind one marker, at the very start. */

import { defineFormat } from '../define-format.ts';
import { jsonCall, many, seq, text } from '../syntax.ts';

/** The format of `<|tool_call|>`. */
export const granite3 = defineFormat({
  name: 'granite-3',
  kind: 'native',
  source: 'ibm-granite/granite-3.0-8b-instruct chat template',
  models: 'Granite 3.0 to 3.3',
  detect: {
    template: ['<|tool_call|>', '<|start_of_role|>'],
    without: ['<|/tool_call|>'],
    tokens: ['<|tool_call|>'],
    names: ['granite'],
  },
  calls: seq(text('<|tool_call|>', '<tool_call>'), '[', many(jsonCall(), ', '), ']'),
  callsAtStart: true,
  example: '<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Oslo"}}]',
});
