/** Llama 3.1 with custom tools, and Functionary 3.1: a tag that names the tool around its arguments. */

import { defineFormat } from '../define-format.ts';
import { jsonArgs, many, name, seq } from '../syntax.ts';

/** The format of `<function=NAME>{…}</function>`. */
export const llama3User = defineFormat({
  name: 'llama-3-user',
  kind: 'native',
  source: 'Llama 3.1 prompt format (user-defined custom tool calling); meetkai/functionary-medium-v3.1 chat template',
  models: 'Llama 3.1 by prompt, Functionary 3.1',
  detect: { template: ['<function=', '</function>'], without: ['<parameter=', '<tool_call>'], names: ['functionary'] },
  calls: many(seq('<function=', name('>'), jsonArgs(), '</function>')),
  example: '<function=get_weather>{"city": "Oslo"}</function>',
  ends: ['<|eom_id|>', '<|eot_id|>'],
});
