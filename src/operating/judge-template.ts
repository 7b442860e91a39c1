/** Tells which tool format a template or a model on disk speaks, without serving it. */

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import { detectTemplate, type TemplateVerdict } from '../formats/detect-template.ts';
import type { ModelFacts, ToolFormat } from '../formats/format.ts';
import { readModel } from '../models/read-model.ts';
import { readWeightsFolder } from '../models/read-weights-folder.ts';
import { findSafetensors } from '../models/resolve-model.ts';
import { createChatTemplate } from '../template/chat-template.ts';
import { dryRender } from './dry-render.ts';

/** The verdict on a Jinja file, a GGUF file or a folder with one, or a folder of safetensors. */
export async function judgeTemplate(
  path: string,
  formats: readonly [ToolFormat, ...ToolFormat[]],
): Promise<TemplateVerdict> {
  const { facts, tokens } = isTemplateFile(path) ? fromTemplate(path) : fromModel(path);
  await dryRender({ source: facts.template, ...tokens });
  return detectTemplate(facts, createChatTemplate(facts.template, tokens), formats);
}

interface Judged {
  readonly facts: ModelFacts;
  readonly tokens: { readonly bosToken: string; readonly eosToken: string; readonly specialTokens: readonly string[] };
}

function isTemplateFile(path: string): boolean {
  return /\.(?:jinja2?|j2|txt)$/i.test(path);
}

function fromTemplate(path: string): Judged {
  let template: string;
  try {
    template = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError('invalid_config', `The template ${path} cannot be read.`, { cause });
  }
  const name = basename(path).replace(/\.[^.]+$/, '');
  return {
    facts: { name, architecture: '', template, specialTokens: [] },
    tokens: { bosToken: '', eosToken: '', specialTokens: [] },
  };
}

function fromModel(path: string): Judged {
  const weights = findSafetensors(path, process.cwd());
  const spec = weights === undefined ? readModel(path) : readWeightsFolder(weights);
  if (spec.template === undefined) throw new ConfigError('invalid_config', `The model ${path} has no chat template.`);
  const { name, architecture, template, specialTokens } = spec;
  return { facts: { name, architecture, template, specialTokens }, tokens: spec };
}
