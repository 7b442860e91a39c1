/** Step 3.5: the tags of Qwen 3 Coder in a template of its own. */

import { defineFormat } from '../define-format.ts';
import { taggedFunctions } from '../shapes.ts';

/** The format of Step 3.5 Flash, letter by letter that of Qwen 3 Coder. */
export const step35 = defineFormat({
  name: 'step-3.5',
  kind: 'native',
  source: 'stepfun-ai/Step-3.5-Flash chat template',
  models: 'Step 3.5 Flash',
  detect: {
    template: ['<function=', '<parameter=', '<tool_call>'],
    without: ['<seed:tool_call>'],
    names: ['step-3.5', 'step3.5', 'step3p5', 'step 3.5'],
  },
  calls: taggedFunctions,
  lead: '\n',
  example: '<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>\n</tool_call>',
  reasoning: { open: '<think>', close: '</think>' },
});
