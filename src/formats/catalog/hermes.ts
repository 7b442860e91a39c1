/** Hermes: a JSON object in a tag names the tool; Qwen 2.5, Qwen 3, Hermes 2 to 4 and many relatives write it. */

import { defineFormat } from '../define-format.ts';
import { jsonInTag } from '../shapes.ts';

/** The format of templates with `<tool_call>` around JSON. */
export const hermes = defineFormat({
  name: 'hermes',
  kind: 'native',
  source: 'Qwen/Qwen2.5-7B-Instruct and NousResearch/Hermes-3-Llama-3.1-8B chat templates',
  models: 'Qwen 2.5, Qwen 3, QwQ, Hermes 2 to 4, SmolLM 3, MiMo-VL',
  detect: {
    template: ['<tool_call>', '<tools>'],
    without: ['<function=', '<arg_key>', '<|tool_call>', '<tool_calls>'],
    names: ['qwen', 'hermes', 'smollm'],
  },
  calls: jsonInTag('tool_call'),
  lead: '\n',
  example: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>',
  reasoning: { open: '<think>', close: '</think>' },
  results: { role: 'user', open: '<tool_response>\n', close: '\n</tool_response>', separator: '\n' },
});
