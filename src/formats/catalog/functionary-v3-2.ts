/** Functionary 3.2: a recipient, a line break and what is sent to it. */

import { defineFormat } from '../define-format.ts';
import { jsonArgs, many, name, seq } from '../syntax.ts';

/** The format of `>>>`, which the prompt writes before the first recipient; `all` is the user. */
export const functionaryV32 = defineFormat({
  name: 'functionary-v3.2',
  kind: 'native',
  source: 'meetkai/functionary-small-v3.2 chat template',
  models: 'Functionary 3.2',
  detect: { template: ['>>>all\n', '>>>'], names: ['functionary'] },
  calls: many(seq('>>>', name('\n'), jsonArgs())),
  example: '>>>get_weather\n{"city": "Oslo"}',
  promptTail: '>>>',
  reply: { open: '>>>all\n', close: '' },
});
