/** FireFunction 2: a list of JSON objects behind a word. */

import { defineFormat } from '../define-format.ts';
import { jsonCall, many, seq, text } from '../syntax.ts';

/** The format of ` functools[…]`. */
export const firefunctionV2 = defineFormat({
  name: 'firefunction-v2',
  kind: 'native',
  source: 'fireworks-ai/llama-3-firefunction-v2 chat template',
  models: 'FireFunction 2',
  detect: { template: [' functools['], names: ['firefunction'] },
  calls: seq(text(' functools[', 'functools['), many(jsonCall(), ', '), ']'),
  example: ' functools[{"name": "get_weather", "arguments": {"city": "Oslo"}}]',
});
