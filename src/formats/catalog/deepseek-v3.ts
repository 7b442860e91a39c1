/** DeepSeek V3 and R1: each call names its type and tool, its arguments stand in a code fence. */

import { defineFormat } from '../define-format.ts';
import { gap, jsonArgs, many, name, seq, text } from '../syntax.ts';

/** The format of `function<｜tool▁sep｜>NAME`; models write its tokens with other blanks, too. */
export const deepseekV3 = defineFormat({
  name: 'deepseek-v3',
  kind: 'native',
  source: 'deepseek-ai/DeepSeek-V3-0324 and DeepSeek-R1-0528 chat templates',
  models: 'DeepSeek V3, R1 and its distillations',
  detect: {
    template: ['<｜tool▁calls▁begin｜>', '<｜tool▁sep｜>', '```json'],
    without: ['<｜DSML｜'],
    tokens: ['<｜tool▁sep｜>'],
    names: ['deepseek'],
  },
  calls: seq(
    text('<｜tool▁calls▁begin｜>', '<｜tool_calls_begin｜>', '<｜tool calls begin｜>', '<｜tool▁calls｜>', ''),
    many(
      seq(
        '<｜tool▁call▁begin｜>',
        'function',
        '<｜tool▁sep｜>',
        name('\n'),
        '```json',
        gap('\n'),
        jsonArgs(),
        gap('\n'),
        '```',
        '<｜tool▁call▁end｜>',
      ),
      '\n',
    ),
    '<｜tool▁calls▁end｜>',
  ),
  example:
    '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Oslo"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
  reasoning: { open: '<think>', close: '</think>', calls: 'end' },
});
