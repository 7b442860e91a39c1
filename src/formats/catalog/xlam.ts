/** xLAM: a bare list of JSON objects, in a code fence now and then. */

import { defineFormat } from '../define-format.ts';
import { jsonCall, many, optional, seq, text } from '../syntax.ts';

/** The format of a list that is the whole answer. */
export const xlam = defineFormat({
  name: 'xlam',
  kind: 'native',
  source: 'Salesforce/Llama-xLAM-2-8b-fc-r chat template',
  models: 'xLAM, Llama-xLAM 2, Qwen-xLAM',
  detect: { template: ['[{"name": "tool_call_name", "arguments"'], names: ['xlam'] },
  calls: seq(
    optional(text('```json\n', '<tool_call>', '[TOOL_CALLS]')),
    '[',
    many(jsonCall(), ', '),
    ']',
    optional(text('\n```', '</tool_call>')),
  ),
  callsAtStart: true,
  example: '[{"name": "get_weather", "arguments": {"city": "Oslo"}}]',
  reasoning: { open: '<think>', close: '</think>' },
});
