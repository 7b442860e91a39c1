/** InternLM 2.5: one JSON object between action tokens. */

import { defineFormat } from '../define-format.ts';
import { gap, jsonCall, many, seq } from '../syntax.ts';

/** The format of `<|action_start|><|plugin|>`. */
export const internlm25 = defineFormat({
  name: 'internlm-2.5',
  kind: 'native',
  source: 'internlm/internlm2_5-7b-chat chat template',
  models: 'InternLM 2.5, Intern-S1',
  detect: { template: ['<|action_start|>', '<|plugin|>'], tokens: ['<|action_start|>'], names: ['intern'] },
  calls: many(
    seq(
      '<|action_start|>',
      '<|plugin|>',
      gap('\n'),
      jsonCall({ argumentsKey: 'parameters', argumentsAliases: ['arguments'] }),
      gap(),
      '<|action_end|>',
    ),
  ),
  example: '<|action_start|><|plugin|>\n{"name": "get_weather", "parameters": {"city": "Oslo"}}<|action_end|>',
  reasoning: { open: '<think>', close: '</think>' },
});
