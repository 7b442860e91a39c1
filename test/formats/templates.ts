/** The template fixtures as detection and inference see them. */

import { promptText } from '../../src/chat/prompt.ts';
import { type Detection, detectFormat } from '../../src/formats/detect.ts';
import { allFormats } from '../../src/formats/formats.ts';
import { type Samples, takeSamples } from '../../src/formats/infer-samples.ts';
import { createChatTemplate } from '../../src/template/chat-template.ts';
import type { TemplateFixture } from '../templates/fixtures.ts';

const taken = new Map<string, Samples | string>();

/** What the template makes of the sample conversations. */
export function samplesOf(fixture: TemplateFixture): Samples | string {
  const samples = taken.get(fixture.name) ?? takeFrom(fixture);
  taken.set(fixture.name, samples);
  return samples;
}

function takeFrom({ source, tokens }: TemplateFixture): Samples | string {
  const template = createChatTemplate(source, tokens);
  return takeSamples((messages, options) =>
    promptText(template.render({ messages, ...options, variables: {}, now: new Date(0) })),
  );
}

/** The format of a model of this name with this template. */
export function detectFixture(fixture: TemplateFixture, name: string): Detection {
  const { source: template, tokens } = fixture;
  const samples = samplesOf(fixture);
  const facts = { name, architecture: '', template, specialTokens: tokens.specialTokens };
  return detectFormat(facts, allFormats, typeof samples === 'string' ? undefined : samples);
}
