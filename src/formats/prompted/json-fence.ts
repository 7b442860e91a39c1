/** A list of JSON objects in a code fence: what small models write best. */

import { gap, jsonCall, many, seq, text } from '../syntax.ts';
import { definePrompted } from './define-prompted.ts';

/** The format of a fenced list. */
export const jsonFence = definePrompted({
  name: 'json-fence',
  source: 'BFCL V4 prompt-mode measurements: fenced JSON lists score best with models up to 14 B',
  calls: seq(text('```json', '```'), gap('\n'), '[', many(seq(gap(), jsonCall()), ', '), gap(), ']', gap('\n'), '```'),
  lead: '\n',
  example: '```json\n[{"name": "get_weather", "arguments": {"city": "Oslo"}}]\n```',
  how: {
    en: 'To call a tool, write a list of calls in a code fence, and then stop:',
    zh: '需要调用工具时，在代码块中写出调用列表，然后停止：',
  },
  several: { en: 'For several calls, put them all into the list.', zh: '需要多次调用时，把它们都放进列表。' },
  results: { role: 'user', open: '<tool_response>\n', close: '\n</tool_response>', separator: '\n' },
});
