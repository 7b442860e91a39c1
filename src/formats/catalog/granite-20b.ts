/** Granite 20B function calling: a marker before each JSON object, none behind it. */

import { defineFormat } from '../define-format.ts';
import { gap, jsonCall, many, seq } from '../syntax.ts';

/** The format of `<function_call> {…}`. */
export const granite20b = defineFormat({
  name: 'granite-20b',
  kind: 'native',
  source: 'ibm-granite/granite-20b-functioncalling chat template',
  models: 'Granite 20B functioncalling',
  detect: { template: ['<function_call>'], without: ['<start_function_call>'], names: ['granite'] },
  calls: many(seq('<function_call>', gap(' '), jsonCall()), ' '),
  example: '<function_call> {"name": "get_weather", "arguments": {"city": "Oslo"}}',
});
