/** Cohere's Command A+ and North: the numbered list of actions, plain answers in a tag of text. */

import { defineFormat } from '../define-format.ts';
import { numberedActions } from '../shapes.ts';

/** The format of `<|START_ACTION|>` beside `<|START_TEXT|>`. */
export const commandAPlus = defineFormat({
  name: 'command-a-plus',
  kind: 'native',
  source: 'CohereLabs Command A+ chat template',
  models: 'Command A+, North',
  detect: {
    template: ['<|START_ACTION|>', '<|START_TEXT|>'],
    tokens: ['<|START_ACTION|>', '<|START_TEXT|>'],
    names: ['command', 'north'],
  },
  calls: numberedActions,
  example:
    '<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "get_weather", "parameters": {"city": "Oslo"}}]<|END_ACTION|>',
  reasoning: { open: '<|START_THINKING|>', close: '<|END_THINKING|>' },
  reply: { open: '<|START_TEXT|>', close: '<|END_TEXT|>' },
});
