/** Plain XML: a tag of the tool's name around tags of its arguments' names. */

import { again, gap, many, name, nestedArgs, seq } from '../syntax.ts';
import { definePrompted } from './define-prompted.ts';

/** The format of `<NAME><key>value</key></NAME>`. */
export const xml = definePrompted({
  name: 'xml',
  source: 'Morph XML of the AI SDK tool middleware',
  calls: many(seq('<', name('>'), gap('\n'), nestedArgs({ separator: '\n' }), gap('\n'), '</', again('>')), '\n'),
  lead: '\n',
  example: '<get_weather>\n<city>Oslo</city>\n</get_weather>',
  how: {
    en: 'To call a tool, write a tag of its name around a tag for each argument, and then stop:',
    zh: '需要调用工具时，用工具名作标签，里面每个参数一个标签，然后停止：',
  },
  several: { en: 'For several calls, write several such blocks.', zh: '需要多次调用时，写多个这样的块。' },
  results: { role: 'user', open: '<tool_response>\n', close: '\n</tool_response>', separator: '\n' },
});
