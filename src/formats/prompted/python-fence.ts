/** Python calls in a code fence of their own: how Gemma 3 was shown tools. */

import { gap, many, name, pythonArgs, seq } from '../syntax.ts';
import { definePrompted } from './define-prompted.ts';

/** The format of a `tool_code` fence. */
export const pythonFence = definePrompted({
  name: 'python-fence',
  source: 'Gemma 3 function calling with tool_code',
  calls: seq('```tool_code', gap('\n'), many(seq(name('('), pythonArgs(), ')'), '\n'), gap('\n'), '```'),
  lead: '\n',
  example: '```tool_code\nget_weather(city="Oslo")\n```',
  how: {
    en: 'To call a tool, write a Python call with keyword arguments in a fence like this, and then stop:',
    zh: '需要调用工具时，在这样的代码块中写出带关键字参数的 Python 调用，然后停止：',
  },
  several: { en: 'For several calls, write one on each line.', zh: '需要多次调用时，每行写一个。' },
  results: { role: 'user', open: '```tool_output\n', close: '\n```', separator: '\n' },
});
