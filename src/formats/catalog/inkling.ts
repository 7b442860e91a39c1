/** Inkling: a message to a tool whose payload names the tool again. */

import { defineFormat } from '../define-format.ts';
import { jsonCall, many, name, seq } from '../syntax.ts';

/** The format of `<|content_invoke_tool_json|>`. */
export const inkling = defineFormat({
  name: 'inkling',
  kind: 'native',
  source: 'thinkingmachines/Inkling chat template',
  models: 'Inkling',
  detect: { template: ['<|content_invoke_tool_json|>'], tokens: ['<|content_invoke_tool_json|>'], names: ['inkling'] },
  calls: many(
    seq(
      '<|message_model|>',
      name('<|content_invoke_tool_json|>'),
      jsonCall({ argumentsKey: 'args', argumentsAliases: ['arguments'] }),
      '<|end_message|>',
    ),
  ),
  example:
    '<|message_model|>get_weather<|content_invoke_tool_json|>{"name": "get_weather", "args": {"city": "Oslo"}}<|end_message|>',
  promptTail: '<|message_model|>',
  reasoning: { open: '<|message_model|><|content_thinking|>', close: '<|end_message|>', isAnywhere: true },
  reply: { open: '<|message_model|><|content_text|>', close: '<|end_message|>' },
});
