/** Command R and R+: a list of actions in a code fence. */

import { defineFormat } from '../define-format.ts';
import { gap, jsonCall, many, seq } from '../syntax.ts';

/** The format of `Action:` and a fence. */
export const commandR = defineFormat({
  name: 'command-r',
  kind: 'native',
  source: 'CohereLabs/c4ai-command-r-plus tool_use chat template',
  models: 'Command R, R+',
  detect: {
    template: ['Action:', '```json', '<|START_OF_TURN_TOKEN|>'],
    without: ['<|START_ACTION|>'],
    names: ['command'],
  },
  calls: seq(
    'Action:',
    gap('\n'),
    '```json',
    gap('\n'),
    '[',
    many(
      seq(gap(), jsonCall({ nameKey: 'tool_name', argumentsKey: 'parameters', argumentsAliases: ['arguments'] })),
      ', ',
    ),
    ']',
    gap('\n'),
    '```',
  ),
  lead: '\n',
  example: 'Action:\n```json\n[{"tool_name": "get_weather", "parameters": {"city": "Oslo"}}]\n```',
});
