/** How to talk to a model: its chat template and its tool format, worked out once for each deployment. */

import { ConfigError } from '../base/errors.ts';
import type { DeploymentSpec } from '../fleet/deployment.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import { detectTemplate } from '../formats/detect-template.ts';
import type { ToolFormat } from '../formats/format.ts';
import { allFormats, findFormat } from '../formats/formats.ts';
import type { CustomFormat } from '../formats/load-format.ts';
import { type ChatTemplate, createChatTemplate } from '../template/chat-template.ts';

/** What a deployment may overrule. */
export interface ProfileWishes extends Pick<DeploymentSpec, 'chatTemplate' | 'toolFormat'> {
  /** The parser that a backend parameter names: weaker than `toolFormat`, stronger than what the template looks like. */
  readonly toolParser?: string;
}

/** Template and format of one model. */
export interface ModelProfile {
  readonly template: ChatTemplate;
  readonly format: ToolFormat;
  /** The format and why it was chosen, for the banner and the doctor. */
  readonly evidence: string;
  /** What the template looks like, where a backend parameter says otherwise. */
  readonly rival?: ToolFormat;
}

/** What a model without a chat template is given: ChatML, the most widely trained form. */
const plainTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** The Jinja text of the template that will be used. */
export function templateOf(spec: ModelSpec, wishes: ProfileWishes): string {
  return wishes.chatTemplate ?? spec.template ?? plainTemplate;
}

/** Works out a model's profile; throws ConfigError when the template cannot be used or the format is unknown. */
export function profileModel(
  spec: ModelSpec,
  wishes: ProfileWishes,
  custom: readonly CustomFormat[] = [],
): ModelProfile {
  const source = templateOf(spec, wishes);
  const template = createChatTemplate(source, spec);
  const { toolFormat, toolParser } = wishes;
  if (toolFormat !== undefined) {
    const format = named(toolFormat, custom);
    if (format === undefined) throw unknownFormat(toolFormat);
    return { template, format, evidence: `${format.name} (set by --tool-format)` };
  }
  const facts = {
    name: spec.name,
    architecture: spec.architecture,
    template: source,
    specialTokens: spec.specialTokens,
  };
  // Of equally likely formats the first is taken: what somebody wrote for this machine goes before what we know.
  const [first = allFormats[0], ...others] = [...custom.map(({ format }) => format), ...allFormats];
  const { format, evidence } = detectTemplate(facts, template, [first, ...others]);
  const chosen = toolParser === undefined ? undefined : named(toolParser, custom);
  if (chosen === undefined) return { template, format, evidence };
  const why = `${chosen.name} (set by --tool-call-parser)`;
  return { template, format: chosen, evidence: why, ...(chosen.name !== format.name && { rival: format }) };
}

function named(name: string, custom: readonly CustomFormat[]): ToolFormat | undefined {
  return custom.find((each) => isNamed(each, name))?.format ?? findFormat(name);
}

function isNamed({ format, file }: CustomFormat, nameOrFile: string): boolean {
  return file === nameOrFile || format.name === nameOrFile.toLowerCase();
}

function unknownFormat(name: string): ConfigError {
  const known = allFormats.map((format) => format.name).join(', ');
  return new ConfigError('invalid_config', `--tool-format: there is no format '${name}'. Known: ${known}.`);
}

/** Works profiles out once and remembers the last ones: a model's template is not read anew for every request. */
export function createProfiles(custom: (wanted?: string) => readonly CustomFormat[]) {
  const known = new Map<string, ModelProfile>();
  return (spec: ModelSpec, wishes: ProfileWishes): ModelProfile => {
    const { bosToken, eosToken, name, architecture } = spec;
    const { toolFormat, toolParser } = wishes;
    const facts = [name, architecture, bosToken, eosToken, templateOf(spec, wishes), toolFormat, toolParser];
    const key = JSON.stringify(facts);
    const found = known.get(key);
    if (found !== undefined) return found;
    const profile = profileModel(spec, wishes, custom(wishes.toolFormat));
    const [oldest] = known.keys();
    if (known.size >= maxProfiles && oldest !== undefined) known.delete(oldest);
    known.set(key, profile);
    return profile;
  };
}

/** More models than a machine serves at once. */
const maxProfiles = 64;
