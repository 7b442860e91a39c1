/** Kimi K2: a section of calls, each named by its id. */

import { defineFormat } from '../define-format.ts';
import { jsonArgs, many, name, ordinal, seq, text } from '../syntax.ts';

/** The format of `<|tool_calls_section_begin|>`; models forget the section and the `functions.` now and then. */
export const kimiK2 = defineFormat({
  name: 'kimi-k2',
  kind: 'native',
  source: 'moonshotai/Kimi-K2-Instruct chat template and tool_call_guidance.md',
  models: 'Kimi K2, K2-Thinking, K2.5',
  detect: {
    template: ['<|tool_calls_section_begin|>', '<|tool_call_argument_begin|>'],
    tokens: ['<|tool_call_begin|>'],
    names: ['kimi'],
  },
  calls: seq(
    text('<|tool_calls_section_begin|>', ''),
    many(
      seq(
        '<|tool_call_begin|>',
        text('functions.', ''),
        name(':'),
        ordinal('<|tool_call_argument_begin|>'),
        jsonArgs(),
        '<|tool_call_end|>',
      ),
    ),
    '<|tool_calls_section_end|>',
  ),
  example:
    '<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>' +
    '{"city": "Oslo"}<|tool_call_end|><|tool_calls_section_end|>',
  reasoning: { open: '<think>', close: '</think>', calls: 'end' },
  ids: { kind: 'function', prefix: 'functions.' },
});
