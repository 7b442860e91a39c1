/** LongCat: a JSON object in a tag of its own. */

import { defineFormat } from '../define-format.ts';
import { jsonInTag } from '../shapes.ts';

/** The format of `<longcat_tool_call>`. */
export const longcat = defineFormat({
  name: 'longcat',
  kind: 'native',
  source: 'meituan-longcat/LongCat-Flash-Chat chat template',
  models: 'LongCat-Flash',
  detect: { template: ['<longcat_tool_call>'], tokens: ['<longcat_tool_call>'], names: ['longcat'] },
  calls: jsonInTag('longcat_tool_call'),
  lead: '\n',
  example: '<longcat_tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</longcat_tool_call>',
  reasoning: { open: '<longcat_think>', close: '</longcat_think>' },
});
