/** Trinity: the Hermes tags, which may stand inside reasoning. */

import { defineFormat } from '../define-format.ts';
import { jsonInTag } from '../shapes.ts';

/** The format of Trinity, letter by letter that of Hermes. */
export const trinity = defineFormat({
  name: 'trinity',
  kind: 'native',
  source: 'arcee-ai/Trinity-Mini chat template',
  models: 'Trinity',
  detect: {
    template: ['<tool_call>', '<tools>'],
    without: ['<function=', '<arg_key>', '<|start_of_role|>', '<response>'],
    names: ['trinity', 'arcee'],
  },
  calls: jsonInTag('tool_call'),
  lead: '\n',
  example: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>',
  reasoning: { open: '<think>', close: '</think>', calls: 'end' },
});
