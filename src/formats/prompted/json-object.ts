/** One JSON object that holds all calls of the answer. */

import { gap, jsonCall, many, seq, text } from '../syntax.ts';
import { definePrompted } from './define-prompted.ts';

/** The format of `{"tool_calls": […]}`. */
export const jsonObject = definePrompted({
  name: 'json-object',
  source: "llama.cpp's generic tool-call format",
  calls: seq(
    text('{"tool_calls": ', '{"tool_calls":'),
    '[',
    many(seq(gap(), jsonCall()), ', '),
    gap(),
    ']',
    text('}', ''),
  ),
  callsAtStart: true,
  example: '{"tool_calls": [{"name": "get_weather", "arguments": {"city": "Oslo"}}]}',
  how: {
    en: 'To call a tool, answer with nothing but this JSON object:',
    zh: '需要调用工具时，只回答这样的 JSON 对象：',
  },
  several: { en: 'For several calls, put them all into the list.', zh: '需要多次调用时，把它们都放进列表。' },
  results: { role: 'user', open: '<tool_response>\n', close: '\n</tool_response>', separator: '\n' },
});
