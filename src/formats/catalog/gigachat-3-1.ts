/** GigaChat 3.1: a JSON object behind one token. */

import { defineFormat } from '../define-format.ts';
import { jsonCall, many, seq } from '../syntax.ts';

/** The format of `<|function_call|>{…}`. */
export const gigachat31 = defineFormat({
  name: 'gigachat-3.1',
  kind: 'native',
  source: 'ai-sage/GigaChat3.1-10B-A1.8B chat template',
  models: 'GigaChat 3.1',
  detect: { template: ['<|function_call|>'], tokens: ['<|function_call|>'], names: ['gigachat'] },
  calls: many(seq('<|function_call|>', jsonCall())),
  example: '<|function_call|>{"name": "get_weather", "arguments": {"city": "Oslo"}}',
});
