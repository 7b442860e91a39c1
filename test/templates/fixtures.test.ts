/** Our renderings of the fixtures are Python's, byte for byte. */

import { describe, expect, it } from 'vitest';
import { isAppError } from '../../src/base/errors.ts';
import { promptText } from '../../src/chat/prompt.ts';
import { createChatTemplate } from '../../src/template/chat-template.ts';
import { readFixtures, readScenarios } from './fixtures.ts';

const scenarios = readScenarios();

describe.each(readFixtures())('$name', ({ source, tokens, style, renderings }) => {
  const template = createChatTemplate(source, tokens);

  it('is handed calls as it wants them', () => {
    const { argumentsAs, emptyContent, reasoningAs } = template.abilities;
    expect({ argumentsAs, emptyContent, reasoningAs }).toEqual(style);
  });

  it.each([...scenarios])('%s', (name, rendering) => {
    expect(outcome(() => promptText(template.render(rendering)))).toEqual(renderings[name]);
  });
});

/** The text, or the refusal in the template's own words. */
function outcome(render: () => string): string | { error: string } {
  try {
    return render();
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { error: error.message.replace("The model's chat template refuses these messages: ", '') };
  }
}
