/** Cohere's Command R7B and A: a numbered list of actions. */

import { defineFormat } from '../define-format.ts';
import { numberedActions } from '../shapes.ts';

/** The format of `<|START_ACTION|>`. */
export const commandA = defineFormat({
  name: 'command-a',
  kind: 'native',
  source: 'CohereLabs/c4ai-command-a-03-2025 tool_use chat template',
  models: 'Command R7B, Command A, Command A Reasoning',
  detect: {
    template: ['<|START_ACTION|>', '<|END_ACTION|>', '<|START_RESPONSE|>'],
    tokens: ['<|START_ACTION|>'],
    names: ['command'],
  },
  calls: numberedActions,
  example:
    '<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "get_weather", "parameters": {"city": "Oslo"}}]<|END_ACTION|>',
  reasoning: { open: '<|START_THINKING|>', close: '<|END_THINKING|>' },
  reply: { open: '<|START_RESPONSE|>', close: '<|END_RESPONSE|>' },
});
