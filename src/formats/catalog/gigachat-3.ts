/** GigaChat 3: a message of its own whose role is a function call. */

import { defineFormat } from '../define-format.ts';
import { gap, jsonCall, many, seq } from '../syntax.ts';

/** The format of `function call<|role_sep|>`. */
export const gigachat3 = defineFormat({
  name: 'gigachat-3',
  kind: 'native',
  source: 'ai-sage/GigaChat3-10B-A1.8B chat template',
  models: 'GigaChat 3',
  detect: {
    template: ['function call', '<|role_sep|>', '<|message_sep|>'],
    without: ['<|function_call|>'],
    tokens: ['<|role_sep|>'],
    names: ['gigachat'],
  },
  calls: many(seq('<|message_sep|>', gap('\n\n'), 'function call', '<|role_sep|>', gap('\n'), jsonCall())),
  example: '<|message_sep|>\n\nfunction call<|role_sep|>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}',
});
