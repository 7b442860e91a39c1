/** The verdict on a model's chat template: a format that is known, one inferred from it, or one taught in the prompt. */

import { promptText } from '../chat/prompt.ts';
import type { ChatTemplate } from '../template/chat-template.ts';
import { defineFormat, type FormatDefinition } from './define-format.ts';
import { type Detection, detectFormat } from './detect.ts';
import type { ModelFacts, ToolFormat } from './format.ts';
import { inferFormat } from './infer.ts';
import { type Samples, takeSamples } from './infer-samples.ts';

/** What was found, and the sentence that explains it to an operator. */
export interface TemplateVerdict {
  readonly verdict: 'detected' | 'inferred' | 'prompted';
  readonly format: ToolFormat;
  readonly evidence: string;
  readonly detection: Detection;
  /** The format as data, if it was inferred. */
  readonly definition?: FormatDefinition;
  /** Why the template's own calls could not be inferred, if that was tried. */
  readonly reason?: string;
}

/** What a prompted format claims of a template in which it recognises nothing. */
const unsure = 1;

/** Detects; where no format that is known speaks for the template, infers one from the calls it writes. */
export function detectTemplate(
  facts: ModelFacts,
  template: ChatTemplate,
  formats: readonly [ToolFormat, ...ToolFormat[]],
): TemplateVerdict {
  const samples = samplesOf(template);
  const detection = detectFormat(facts, formats, typeof samples === 'string' ? undefined : samples);
  const { format, evidence } = detection;
  if (format.kind === 'native' || detection.score > unsure) return { verdict: 'detected', format, evidence, detection };
  const inference = typeof samples === 'string' ? { reason: samples } : inferFormat(samples);
  if ('reason' in inference) return { verdict: 'prompted', format, evidence, detection, reason: inference.reason };
  const inferred = defineFormat(inference.definition);
  const how = `inferred (no known format fits; the template writes calls as ${JSON.stringify(inferred.example)})`;
  return { verdict: 'inferred', format: inferred, evidence: how, detection, definition: inference.definition };
}

/** What the template makes of calls; a sentence that says why nothing, for templates that print none. */
function samplesOf(template: ChatTemplate): Samples | string {
  if (!template.abilities.toolCalls) return 'the template prints no calls';
  return takeSamples((messages, options) =>
    promptText(template.render({ messages, ...options, variables: {}, now: new Date(0) })),
  );
}
