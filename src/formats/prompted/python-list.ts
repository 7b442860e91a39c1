/** A list of Python calls that is the whole answer. */

import { many, name, optional, pythonArgs, seq, text } from '../syntax.ts';
import { definePrompted } from './define-prompted.ts';

/** The format of `[NAME(key="value")]`. */
export const pythonList = definePrompted({
  name: 'python-list',
  source: 'BFCL prompt mode, Python variant',
  calls: seq(
    optional(text('```python\n', '```\n')),
    '[',
    many(seq(name('('), pythonArgs(), ')'), ', '),
    ']',
    optional(text('\n```')),
  ),
  callsAtStart: true,
  example: '[get_weather(city="Oslo")]',
  how: {
    en: 'To call a tool, answer with nothing but a list of Python calls with keyword arguments:',
    zh: '需要调用工具时，只回答带关键字参数的 Python 调用列表：',
  },
  several: { en: 'For several calls, put them all into the list.', zh: '需要多次调用时，把它们都放进列表。' },
  results: { role: 'user', open: '<tool_response>\n', close: '\n</tool_response>', separator: '\n' },
});
