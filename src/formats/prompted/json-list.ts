/** A bare list of JSON objects that is the whole answer. */

import { gap, jsonCall, many, optional, seq, text } from '../syntax.ts';
import { definePrompted } from './define-prompted.ts';

/** The format of a list without anything around it. */
export const jsonList = definePrompted({
  name: 'json-list',
  source: 'BFCL prompt mode, JSON variant',
  calls: seq(
    optional(text('```json\n', '```\n')),
    '[',
    many(seq(gap(), jsonCall()), ', '),
    gap(),
    ']',
    optional(text('\n```')),
  ),
  callsAtStart: true,
  example: '[{"name": "get_weather", "arguments": {"city": "Oslo"}}]',
  how: { en: 'To call a tool, answer with nothing but a list of calls:', zh: '需要调用工具时，只回答一个调用列表：' },
  several: { en: 'For several calls, put them all into the list.', zh: '需要多次调用时，把它们都放进列表。' },
  results: { role: 'user', open: '<tool_response>\n', close: '\n</tool_response>', separator: '\n' },
});
