/** Gemma 4: a call with bare keys, its strings between marks. */

import { defineFormat } from '../define-format.ts';
import { bareArgs, many, nameBefore, seq } from '../syntax.ts';

/** The format of `call:NAME{key:<|"|>text<|"|>}`. */
export const gemma4 = defineFormat({
  name: 'gemma-4',
  kind: 'native',
  source: 'google/gemma-4-E4B-it chat template',
  models: 'Gemma 4',
  detect: { template: ['<|tool_call>', '<|"|>'], tokens: ['<|tool_call>', '<|"|>'], names: ['gemma'] },
  calls: many(seq('<|tool_call>', 'call:', nameBefore('{'), bareArgs('<|"|>'), '<tool_call|>')),
  example: '<|tool_call>call:get_weather{city:<|"|>Oslo<|"|>}<tool_call|>',
  reasoning: { open: '<|channel>thought\n', close: '<channel|>', isAnywhere: true },
});
