/** Jamba: a list of JSON objects between two tags. */

import { defineFormat } from '../define-format.ts';
import { jsonCall, many, seq } from '../syntax.ts';

/** The format of templates with a list in `<tool_calls>`. */
export const jamba = defineFormat({
  name: 'jamba',
  kind: 'native',
  source: 'ai21labs/AI21-Jamba-1.5-Mini chat template',
  models: 'Jamba 1.5, 1.6',
  detect: { template: ['<tool_calls>', '<tool_definitions>'], tokens: ['<tool_calls>'], names: ['jamba'] },
  calls: seq('<tool_calls>', '[', many(jsonCall(), ', '), ']', '</tool_calls>'),
  example: '<tool_calls>[{"name": "get_weather", "arguments": {"city": "Oslo"}}]</tool_calls>',
});
