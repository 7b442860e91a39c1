/** Llama 3.1 with built-in tools: a Python call of a method behind a marker. */

import { defineFormat } from '../define-format.ts';
import { many, name, pythonArgs, seq } from '../syntax.ts';

/** The format of `<|python_tag|>NAME.call(…)`. */
export const llama3Builtin = defineFormat({
  name: 'llama-3-builtin',
  kind: 'native',
  source: 'Llama 3.1 prompt format (built-in tools)',
  models: 'Llama 3.1 with built-in tools',
  detect: { template: ['<|python_tag|>', '.call('], without: ['{"name": function name'], tokens: ['<|python_tag|>'] },
  calls: many(seq('<|python_tag|>', name('.call('), pythonArgs(), ')')),
  example: '<|python_tag|>get_weather.call(city="Oslo")',
  ends: ['<|eom_id|>', '<|eot_id|>'],
});
