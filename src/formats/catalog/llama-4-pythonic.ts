/** Llama 4: a list of Python calls, between tokens now and then. */

import { defineFormat } from '../define-format.ts';
import { many, name, pythonArgs, seq, text } from '../syntax.ts';

/** The format of `<|python_start|>[…]<|python_end|>`. */
export const llama4Pythonic = defineFormat({
  name: 'llama-4-pythonic',
  kind: 'native',
  source: 'meta-llama/Llama-4-Scout-17B-16E-Instruct chat template',
  models: 'Llama 4 Scout, Maverick',
  detect: { template: ['<|python_start|>'], tokens: ['<|python_start|>'], names: ['llama-4'] },
  calls: seq(
    text('<|python_start|>', ''),
    '[',
    many(seq(name('('), pythonArgs(), ')'), ', '),
    ']',
    text('<|python_end|>', ''),
  ),
  callsAtStart: true,
  example: '<|python_start|>[get_weather(city="Oslo")]<|python_end|>',
  ends: ['<|eom|>', '<|eot|>'],
});
