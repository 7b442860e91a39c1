/** Apriel: a list of JSON objects in a tag, reasoning in another. */

import { defineFormat } from '../define-format.ts';
import { jsonCall, many, seq } from '../syntax.ts';

/** The format of `<tool_calls>[…]</tool_calls>` beside `<thinking>`. */
export const apriel = defineFormat({
  name: 'apriel',
  kind: 'native',
  source: 'ServiceNow-AI/Apriel-1.5-15b-Thinker chat template',
  models: 'Apriel 1.5, 1.6',
  detect: {
    template: ['<tool_calls>', '</tool_calls>', '[BEGIN FINAL RESPONSE]'],
    without: ['<answer>'],
    names: ['apriel'],
  },
  calls: seq('<tool_calls>', '[', many(jsonCall(), ', '), ']', '</tool_calls>'),
  lead: '\n',
  example: '<tool_calls>[{"name": "get_weather", "arguments": {"city": "Oslo"}}]</tool_calls>',
  reasoning: { open: '<thinking>', close: '</thinking>' },
  reply: { open: '[BEGIN FINAL RESPONSE]', close: '[END FINAL RESPONSE]' },
});
