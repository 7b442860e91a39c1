/** Qwen 3 Coder: a tag names the tool, each argument stands in one of its own. */

import { defineFormat } from '../define-format.ts';
import { taggedFunctions } from '../shapes.ts';

/** The format of `<function=NAME>` and `<parameter=KEY>`; models forget the outer tag now and then. */
export const qwen3Coder = defineFormat({
  name: 'qwen-3-coder',
  kind: 'native',
  source: 'Qwen/Qwen3-Coder-30B-A3B-Instruct chat template',
  models: 'Qwen 3 Coder, Qwen 3 Next, Qwen 3.5 and 3.6, Nemotron 3, MiMo',
  detect: {
    template: ['<function=', '<parameter=', '<tool_call>'],
    without: ['<seed:tool_call>'],
    names: ['qwen', 'nemotron', 'mimo'],
  },
  calls: taggedFunctions,
  lead: '\n',
  example: '<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>\n</tool_call>',
  reasoning: { open: '<think>', close: '</think>', calls: 'end' },
});
