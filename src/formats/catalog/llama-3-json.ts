/** Llama 3: the whole answer is one JSON object that names the tool. */

import { defineFormat } from '../define-format.ts';
import { jsonCall, many, optional, seq } from '../syntax.ts';

/** The format of Llama 3.1 to 3.3; the marker before it is for built-in tools, but models write it anywhere. */
export const llama3Json = defineFormat({
  name: 'llama-3-json',
  kind: 'native',
  source: 'meta-llama/Llama-3.1-8B-Instruct chat template',
  models: 'Llama 3.1, 3.2, 3.3, Llama 4 by prompt',
  detect: {
    template: ['{"name": function name, "parameters"', '<|start_header_id|>'],
    tokens: ['<|python_tag|>', '<|eom_id|>'],
    names: ['llama'],
  },
  calls: many(
    seq(optional('<|python_tag|>'), jsonCall({ argumentsKey: 'parameters', argumentsAliases: ['arguments'] })),
    '; ',
  ),
  callsAtStart: true,
  example: '{"name": "get_weather", "parameters": {"city": "Oslo"}}',
  ends: ['<|eom_id|>', '<|eot_id|>'],
});
