/** Who decides how a model's calls are read: the deployment, a backend parameter, the template. */

import { describe, expect, it } from 'vitest';
import { scriptedSpec } from '../../test/fixtures/scripted-engine.ts';
import { ConfigError } from '../base/errors.ts';
import { type ProfileWishes, profileModel } from './model-profile.ts';

const hermes = `{% if tools %}<tools>{{ tools | tojson }}</tools> <tool_call>{"name": "f", "arguments": {}}</tool_call>{% endif %}
{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}
{% for call in message.tool_calls %}<tool_call>\n{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}\n</tool_call>{% endfor %}<|im_end|>{% endfor %}`;
const read = (wishes: ProfileWishes) => {
  const { format, rival, evidence } = profileModel(scriptedSpec(hermes), wishes);
  return { format: format.name, rival: rival?.name, evidence };
};

describe('the tool format', () => {
  it.each([
    ['of the template', {}, { format: 'hermes', rival: undefined }],
    [
      'that a parser names',
      { toolParser: 'mistral' },
      { rival: 'hermes', evidence: expect.stringContaining('--tool-call-parser') },
    ],
    ['that both name', { toolParser: 'hermes' }, { format: 'hermes', rival: undefined }],
    [
      'of the template, where nobody knows the parser',
      { toolParser: 'my_own' },
      { format: 'hermes', rival: undefined },
    ],
    [
      'that a person sets, whatever a parser says',
      { toolFormat: 'react', toolParser: 'mistral' },
      { format: 'react', rival: undefined },
    ],
  ] as const)('is the one %s', (_, wishes, wanted) => {
    expect(read(wishes)).toMatchObject(wanted);
  });

  it('must exist where a person sets it', () => {
    expect(() => read({ toolFormat: 'nobody' })).toThrow(ConfigError);
  });
});
