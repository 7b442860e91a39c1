/** The template fixtures as detection and inference see them. */

import { promptText } from '../../src/chat/prompt.ts';
import type { ModelFacts } from '../../src/formats/format.ts';
import { type Inference, inferFormat } from '../../src/formats/infer.ts';
import { createChatTemplate } from '../../src/template/chat-template.ts';
import type { TemplateFixture } from '../templates/fixtures.ts';

/** Nothing but the template and its tokens: neither name nor architecture may be needed. */
export function factsOf({ source, tokens }: TemplateFixture): ModelFacts {
  return { name: '', architecture: '', template: source, specialTokens: tokens.specialTokens };
}

/** What the template alone gives away. */
export function inferFromFixture({ source, tokens }: TemplateFixture): Inference {
  const template = createChatTemplate(source, tokens);
  return inferFormat((messages, options) =>
    promptText(template.render({ messages, ...options, variables: {}, now: new Date(0) })),
  );
}
