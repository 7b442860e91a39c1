/** Qwen's flowers: rare marks before the name and before the arguments. */

import { gap, jsonArgs, many, name, seq, text } from '../syntax.ts';
import { definePrompted } from './define-prompted.ts';

/** The format of `✿FUNCTION✿` and `✿ARGS✿`. */
export const qwenFncall = definePrompted({
  name: 'qwen-fncall',
  source: 'Qwen-Agent fncall prompt (qwen)',
  calls: many(
    seq(text('✿FUNCTION✿:', '✿FUNCTION✿'), gap(' '), name('\n'), text('✿ARGS✿:', '✿ARGS✿'), gap(' '), jsonArgs()),
    '\n',
  ),
  lead: '\n',
  example: '✿FUNCTION✿: get_weather\n✿ARGS✿: {"city": "Oslo"}',
  how: {
    en: 'To call a tool, write its name and its arguments as a JSON object on two lines like these, and then stop:',
    zh: '需要调用工具时，按下面两行写出工具名和 JSON 参数，然后停止：',
  },
  several: { en: 'For several calls, repeat the two lines.', zh: '需要多次调用时，重复这两行。' },
  result: { en: 'The result comes after "✿RESULT✿:". ', zh: '结果会在“✿RESULT✿:”之后给出。' },
  results: { role: 'user', open: '✿RESULT✿: ', close: '', separator: '\n' },
  stops: ['\n✿RESULT✿', '\n✿RETURN✿'],
});
