/** Harmony: every part of an answer is a message with a channel, and a call is one with a recipient. */

import { defineFormat } from '../define-format.ts';
import { gap, jsonArgs, many, name, optional, seq, text } from '../syntax.ts';

/** The format of gpt-oss; the recipient stands behind the channel or, in some answers, behind the role. */
export const harmony = defineFormat({
  name: 'harmony',
  kind: 'native',
  source: 'OpenAI harmony response format; openai/gpt-oss-20b chat template',
  models: 'gpt-oss 20B, 120B',
  detect: {
    template: ['<|start|>assistant', '<|channel|>analysis<|message|>', '<|channel|>final<|message|>'],
    tokens: ['<|channel|>', '<|constrain|>'],
    names: ['gpt-oss'],
  },
  calls: many(
    seq(
      '<|start|>assistant',
      text('<|channel|>commentary to=functions.', '<|channel|>analysis to=functions.', ' to=functions.'),
      name(' '),
      optional(text('<|channel|>commentary', '<|channel|>analysis')),
      gap(),
      text('<|constrain|>json', '<|constrain|>', 'json', 'code', ''),
      '<|message|>',
      jsonArgs(),
      text('<|call|>', ''),
    ),
  ),
  example:
    '<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>' +
    '{"city": "Oslo"}<|call|>',
  promptTail: '<|start|>assistant',
  reasoning: { open: '<|start|>assistant<|channel|>analysis<|message|>', close: '<|end|>', isAnywhere: true },
  reply: { open: '<|start|>assistant<|channel|>final<|message|>', close: '<|return|>' },
  ends: ['<|call|>', '<|return|>'],
});
