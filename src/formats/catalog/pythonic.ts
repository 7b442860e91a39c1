/** Pythonic: the whole answer is a list of Python calls. */

import { defineFormat } from '../define-format.ts';
import { many, name, pythonArgs, seq } from '../syntax.ts';

/** The format of `[NAME(key="value")]`. */
export const pythonic = defineFormat({
  name: 'pythonic',
  kind: 'native',
  source: 'Llama 3.2 prompt format (zero-shot function calling); Team-ACE/ToolACE-8B',
  models: 'Llama 3.2 1B and 3B, ToolACE, Ultravox, Gemma 3 by prompt',
  detect: { template: ['ipython', "+ '('"], without: ['<|python_start|>'], names: ['toolace', 'llama-3.2'] },
  calls: seq('[', many(seq(name('('), pythonArgs(), ')'), ', '), ']'),
  callsAtStart: true,
  example: '[get_weather(city="Oslo")]',
});
