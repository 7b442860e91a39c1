/** Mistral's first tool models: a list of JSON objects behind one marker. */

import { defineFormat } from '../define-format.ts';
import { gap, jsonCall, many, optional, seq } from '../syntax.ts';

/** The format of tokenizers before version 11. */
export const mistralV3 = defineFormat({
  name: 'mistral-v3',
  kind: 'native',
  source: 'mistralai/Mistral-7B-Instruct-v0.3 and Mistral-Nemo-Instruct-2407 chat templates',
  models: 'Mistral 7B v0.3, Nemo, Large 2, Mixtral 8x22B',
  detect: {
    template: ['[TOOL_CALLS]', '[AVAILABLE_TOOLS]'],
    without: ['[ARGS]', '[CALL_ID]'],
    tokens: ['[TOOL_CALLS]'],
    names: ['mistral', 'mixtral'],
  },
  calls: seq('[TOOL_CALLS]', gap(' '), '[', many(seq(gap(), jsonCall()), ', '), ']', optional('</s>')),
  example: '[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Oslo"}}]',
  ids: { kind: 'alphanumeric', length: 9 },
});
