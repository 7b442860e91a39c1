/** JSON in tags: what Hermes models were trained on, taught to others by prompt. */

import { gap, jsonCall, many, optional, seq, text } from '../syntax.ts';
import { definePrompted } from './define-prompted.ts';

/** The format of Hermes for templates that know no tools. */
export const jsonTags = definePrompted({
  name: 'json-tags',
  source: 'NousResearch Hermes-Function-Calling; Qwen-Agent (nous prompt)',
  calls: many(
    seq(
      text('<tool_call>', '<function_call>'),
      gap('\n'),
      optional(text('```json', '```')),
      gap(),
      jsonCall(),
      gap('\n'),
      optional(text('```')),
      gap(),
      text('</tool_call>', '</function_call>'),
    ),
    '\n',
  ),
  lead: '\n',
  example: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>',
  how: {
    en: 'To call a tool, write a JSON object with its name and arguments between these tags, and then stop:',
    zh: '需要调用工具时，在下面的标签之间写出包含工具名和参数的 JSON 对象，然后停止：',
  },
  several: { en: 'For several calls, write several such blocks.', zh: '需要多次调用时，写多个这样的块。' },
  results: { role: 'user', open: '<tool_response>\n', close: '\n</tool_response>', separator: '\n' },
});
