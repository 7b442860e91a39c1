/** ReAct: two lines name a tool and its arguments; what chat models without tools in their template are taught. */

import { gap, jsonArgs, many, name, optional, seq, text } from '../syntax.ts';
import { definePrompted } from './define-prompted.ts';

const action = text('Action:', 'Action：', '**Action:**', '**Action**:', '动作:', '动作：');
const input = text(
  'Action Input:',
  'Action Input：',
  '**Action Input:**',
  '**Action Input**:',
  '动作输入:',
  '动作输入：',
);

/** The format for templates that know no tools. */
export const react = definePrompted({
  name: 'react',
  source: 'ReAct (arXiv 2210.03629) with JSON arguments, as ModelScope-Agent and Qwen-Agent teach it',
  detect: ({ template }) =>
    /\btools\b/.test(template)
      ? { score: 0.1, evidence: ['the template knows tools, but no format we know'] }
      : { score: 1, evidence: ['the template knows no tools'] },
  calls: many(
    seq(
      action,
      gap(' '),
      name('\n'),
      gap(''),
      input,
      gap(' '),
      optional(text('```json', '```')),
      gap(''),
      jsonArgs(),
      optional(seq(gap(''), text('```'))),
    ),
    '\n',
  ),
  lead: '\n',
  example: 'Action: get_weather\nAction Input: {"city": "Oslo"}',
  how: {
    en: 'To call a tool, write its name and its arguments as a JSON object on two lines, and then stop:',
    zh: '需要调用工具时，用两行写出工具名和 JSON 参数，然后停止：',
  },
  several: { en: 'For several calls, repeat the two lines.', zh: '需要多次调用时，重复这两行。' },
  result: { en: 'The result comes after "Observation:". ', zh: '结果会在“Observation:”之后给出。' },
  results: { role: 'user', open: 'Observation: ', close: '', separator: '\n' },
  stops: ['\nObservation:'],
});
