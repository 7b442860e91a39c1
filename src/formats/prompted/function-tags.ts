/** A tag that names the tool and one for each argument: Qwen 3 Coder's syntax, taught by prompt. */

import { taggedFunctions } from '../shapes.ts';
import { definePrompted } from './define-prompted.ts';

/** The format of `<function=NAME>` for templates that know no tools. */
export const functionTags = definePrompted({
  name: 'function-tags',
  source: 'Qwen/Qwen3-Coder chat template',
  calls: taggedFunctions,
  lead: '\n',
  example: '<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>\n</tool_call>',
  how: {
    en: 'To call a tool, write a block like this one (strings as they are, everything else as JSON), and then stop:',
    zh: '需要调用工具时，按下面的块书写（字符串照写，其他值用 JSON），然后停止：',
  },
  several: { en: 'For several calls, write several such blocks.', zh: '需要多次调用时，写多个这样的块。' },
  results: { role: 'user', open: '<tool_response>\n', close: '\n</tool_response>', separator: '\n' },
});
