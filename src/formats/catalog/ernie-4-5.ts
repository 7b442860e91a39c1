/** ERNIE 4.5 Thinking: the Hermes tags; plain answers stand in a tag, too. */

import { defineFormat } from '../define-format.ts';
import { jsonInTag } from '../shapes.ts';

/** The format of ERNIE 4.5, letter by letter that of Hermes. */
export const ernie45 = defineFormat({
  name: 'ernie-4.5',
  kind: 'native',
  source: 'baidu/ERNIE-4.5-21B-A3B-Thinking chat template',
  models: 'ERNIE 4.5 21B Thinking',
  detect: { template: ['<tool_call>', '<response>'], without: ['<|start_of_role|>'], names: ['ernie'] },
  calls: jsonInTag('tool_call'),
  lead: '\n',
  example: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>',
  reasoning: { open: '<think>', close: '</think>' },
  reply: { open: '<response>\n', close: '\n</response>' },
});
