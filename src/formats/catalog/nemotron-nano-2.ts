/** Nemotron Nano 2: a list of JSON objects in a tag of capitals. */

import { defineFormat } from '../define-format.ts';
import { jsonCall, many, seq } from '../syntax.ts';

/** The format of `<TOOLCALL>[…]</TOOLCALL>`. */
export const nemotronNano2 = defineFormat({
  name: 'nemotron-nano-2',
  kind: 'native',
  source: 'nvidia/NVIDIA-Nemotron-Nano-9B-v2 chat template',
  models: 'Nemotron Nano 9B v2',
  detect: { template: ['<TOOLCALL>', '</TOOLCALL>'], names: ['nemotron'] },
  calls: seq('<TOOLCALL>', '[', many(jsonCall(), ', '), ']', '</TOOLCALL>'),
  example: '<TOOLCALL>[{"name": "get_weather", "arguments": {"city": "Oslo"}}]</TOOLCALL>',
  reasoning: { open: '<think>', close: '</think>' },
});
