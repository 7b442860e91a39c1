/** Apertus: a list of objects whose key is the tool's name. */

import { defineFormat } from '../define-format.ts';
import { keyCall, many, seq } from '../syntax.ts';

/** The format of `<|tools_prefix|>`. */
export const apertus = defineFormat({
  name: 'apertus',
  kind: 'native',
  source: 'swiss-ai/Apertus-8B-Instruct-2509 chat template',
  models: 'Apertus 2509',
  detect: { template: ['<|tools_prefix|>', '<|tools_suffix|>'], tokens: ['<|tools_prefix|>'], names: ['apertus'] },
  calls: seq('<|tools_prefix|>', '[', many(keyCall(), ', '), ']', '<|tools_suffix|>'),
  example: '<|tools_prefix|>[{"get_weather": {"city": "Oslo"}}]<|tools_suffix|>',
  reasoning: { open: '<|inner_prefix|>', close: '<|inner_suffix|>' },
});
