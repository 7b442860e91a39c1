/** LFM 2.5: a list of Python calls that is the whole answer; its tokens may stand around it. */

import { defineFormat } from '../define-format.ts';
import { many, name, optional, pythonArgs, seq } from '../syntax.ts';

/** The format of a bare list. */
export const lfm25 = defineFormat({
  name: 'lfm-2.5',
  kind: 'native',
  source: 'LiquidAI/LFM2.5-1.2B-Instruct chat template',
  models: 'LFM 2.5',
  detect: { template: ['List of tools: [', '<|im_start|>'], without: ['<|tool_list_start|>'], names: ['lfm'] },
  calls: seq(
    optional('<|tool_call_start|>'),
    '[',
    many(seq(name('('), pythonArgs(), ')'), ', '),
    ']',
    optional('<|tool_call_end|>'),
  ),
  callsAtStart: true,
  example: '[get_weather(city="Oslo")]',
  reasoning: { open: '<think>', close: '</think>' },
});
