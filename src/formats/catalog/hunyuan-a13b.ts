/** Hunyuan A13B: a list of JSON objects in a tag; plain answers stand in another. */

import { defineFormat } from '../define-format.ts';
import { jsonCall, many, seq } from '../syntax.ts';

/** The format of `<tool_calls>[…]</tool_calls>` beside `<answer>`. */
export const hunyuanA13b = defineFormat({
  name: 'hunyuan-a13b',
  kind: 'native',
  source: 'tencent/Hunyuan-A13B-Instruct chat template',
  models: 'Hunyuan A13B',
  detect: { template: ['<tool_calls>', '<answer>'], names: ['hunyuan'] },
  calls: seq('<tool_calls>', '[', many(jsonCall(), ', '), ']', '</tool_calls>'),
  example: '<tool_calls>[{"name": "get_weather", "arguments": {"city": "Oslo"}}]</tool_calls>',
  reasoning: { open: '<think>', close: '</think>' },
  reply: { open: '<answer>\n', close: '\n</answer>' },
});
