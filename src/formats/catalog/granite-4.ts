/** Granite 4: the Hermes tags in templates with role markers. */

import { defineFormat } from '../define-format.ts';
import { jsonInTag } from '../shapes.ts';

/** The format of Granite 4, letter by letter that of Hermes. */
export const granite4 = defineFormat({
  name: 'granite-4',
  kind: 'native',
  source: 'ibm-granite/granite-4.0-h-small chat template',
  models: 'Granite 4.0',
  detect: { template: ['<tool_call>', '</tool_call>', '<|start_of_role|>', '<tools>'], names: ['granite'] },
  calls: jsonInTag('tool_call'),
  lead: '\n',
  example: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>',
});
