/** MiniMax M3: arguments as tags of their own names, however deep, each behind a token. */

import { defineFormat } from '../define-format.ts';
import { gap, many, name, nestedArgs, seq } from '../syntax.ts';

/** The format of the token `]<]minimax[>[`. */
export const minimaxM3 = defineFormat({
  name: 'minimax-m3',
  kind: 'native',
  source: 'MiniMaxAI/MiniMax-M3 chat template',
  models: 'MiniMax M3',
  detect: { template: [']<]minimax[>['], tokens: [']<]minimax[>['], names: ['minimax'] },
  calls: seq(
    ']<]minimax[>[<tool_call>',
    gap('\n'),
    many(
      seq(
        ']<]minimax[>[<invoke name="',
        name('">'),
        nestedArgs({ start: [']<]minimax[>[<', '>'], end: [']<]minimax[>[</', '>'], item: 'item' }),
        ']<]minimax[>[</invoke>',
      ),
      '\n',
    ),
    gap('\n'),
    ']<]minimax[>[</tool_call>',
  ),
  example:
    ']<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="get_weather">]<]minimax[>[<city>Oslo]<]minimax[>[</city>]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>',
  reasoning: { open: '<think>', close: '</think>', calls: 'end' },
});
