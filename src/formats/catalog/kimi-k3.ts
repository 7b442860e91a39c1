/** Kimi K3: messages in messages, each argument with its type. */

import { defineFormat } from '../define-format.ts';
import { many, name, ordinal, seq, taggedArgs } from '../syntax.ts';

/** The format of `<|open|>call tool=…<|sep|>`. */
export const kimiK3 = defineFormat({
  name: 'kimi-k3',
  kind: 'native',
  source: 'moonshotai/Kimi-K3 chat template',
  models: 'Kimi K3',
  detect: { template: ['<|open|>', '<|sep|>', '<|close|>'], tokens: ['<|open|>', '<|sep|>'], names: ['kimi'] },
  calls: seq(
    '<|open|>tools<|sep|>',
    many(
      seq(
        '<|open|>call tool="',
        name('" index="'),
        ordinal('"<|sep|>', 1),
        taggedArgs(['<|open|>argument key="', '"<|sep|>'], '<|close|>argument<|sep|>', {
          type: { open: '" type="', words: 'type' },
        }),
        '<|close|>call<|sep|>',
      ),
    ),
    '<|close|>tools<|sep|>',
  ),
  example:
    '<|open|>tools<|sep|><|open|>call tool="get_weather" index="1"<|sep|><|open|>argument key="city" type="string"<|sep|>Oslo<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>',
  reasoning: { open: '<|open|>think<|sep|>', close: '<|close|>think<|sep|>' },
  reply: { open: '<|open|>response<|sep|>', close: '<|close|>response<|sep|>' },
});
