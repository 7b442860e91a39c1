/** DeepSeek V3.1: a name and its arguments between tokens. */

import { defineFormat } from '../define-format.ts';
import { jsonArgs, many, name, seq } from '../syntax.ts';

/** The format of `NAME<｜tool▁sep｜>{…}`. */
export const deepseekV31 = defineFormat({
  name: 'deepseek-v3.1',
  kind: 'native',
  source: 'deepseek-ai/DeepSeek-V3.1 chat template',
  models: 'DeepSeek V3.1, V3.1-Terminus',
  detect: {
    template: ['<｜tool▁calls▁begin｜>', '<｜tool▁sep｜>'],
    without: ['```json', '<｜DSML｜'],
    tokens: ['<｜tool▁sep｜>'],
    names: ['deepseek'],
  },
  calls: seq(
    '<｜tool▁calls▁begin｜>',
    many(seq('<｜tool▁call▁begin｜>', name('<｜tool▁sep｜>'), jsonArgs(), '<｜tool▁call▁end｜>')),
    '<｜tool▁calls▁end｜>',
  ),
  example:
    '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Oslo"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
  reasoning: { open: '<think>', close: '</think>', calls: 'end' },
});
