/** Seed OSS: the shape of Qwen 3 Coder in tags of its own, values inline. */

import { defineFormat } from '../define-format.ts';
import { gap, many, name, seq, taggedArgs } from '../syntax.ts';

/** The format of `<seed:tool_call>`. */
export const seedOss = defineFormat({
  name: 'seed-oss',
  kind: 'native',
  source: 'ByteDance-Seed/Seed-OSS-36B-Instruct chat template',
  models: 'Seed OSS 36B',
  detect: { template: ['<seed:tool_call>'], tokens: ['<seed:tool_call>'], names: ['seed'] },
  calls: many(
    seq(
      '<seed:tool_call>',
      gap('\n'),
      '<function=',
      name('>'),
      gap('\n'),
      taggedArgs(['<parameter=', '>'], '</parameter>', { separator: '\n' }),
      gap('\n'),
      '</function>',
      gap('\n'),
      '</seed:tool_call>',
    ),
    '\n',
  ),
  lead: '\n',
  example: '<seed:tool_call>\n<function=get_weather>\n<parameter=city>Oslo</parameter>\n</function>\n</seed:tool_call>',
  reasoning: { open: '<seed:think>', close: '</seed:think>' },
});
