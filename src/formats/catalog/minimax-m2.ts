/** MiniMax M2: a block of invocations with named parameters. */

import { defineFormat } from '../define-format.ts';
import { invocations } from '../shapes.ts';

/** The format of `<minimax:tool_call>`. */
export const minimaxM2 = defineFormat({
  name: 'minimax-m2',
  kind: 'native',
  source: 'MiniMaxAI/MiniMax-M2 chat template',
  models: 'MiniMax M2, M2.x',
  detect: { template: ['<minimax:tool_call>', '<invoke name='], tokens: ['<minimax:tool_call>'], names: ['minimax'] },
  calls: invocations('minimax:tool_call'),
  lead: '\n',
  example:
    '<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Oslo</parameter>\n</invoke>\n</minimax:tool_call>',
  reasoning: { open: '<think>', close: '</think>' },
});
