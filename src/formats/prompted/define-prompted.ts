/** Makes a prompted format: the syntax of its calls, and what a model that knows no tools is told. */

import { type Prompt, promptText } from '../../chat/prompt.ts';
import type { Tool } from '../../chat/tool.ts';
import type { Conditions } from '../ask.ts';
import { defineFormat, type FormatDefinition } from '../define-format.ts';
import { exampleArguments } from '../example-arguments.ts';
import type { ToolFormat } from '../format.ts';
import { renderTurn } from '../render.ts';

/** What differs between prompted formats; the rest of the wording is common to all. */
export interface PromptedDefinition extends Omit<FormatDefinition, 'kind' | 'models' | 'detect' | 'instructions'> {
  /** How a call is written, up to the colon before the example. */
  readonly how: Readonly<Record<Conditions['language'], string>>;
  /** How several calls are written. */
  readonly several: Readonly<Record<Conditions['language'], string>>;
  /** Where the result will stand; absent = said of no special place. */
  readonly result?: Readonly<Record<Conditions['language'], string>>;
  readonly detect?: FormatDefinition['detect'];
}

interface Wording {
  readonly title: string;
  readonly parameters: string;
  readonly one: string;
  readonly otherwise: string;
  readonly required: string;
  named(tool: string): string;
}

const wordings: Readonly<Record<Conditions['language'], Wording>> = {
  en: {
    title: 'You can call these tools:',
    parameters: 'Arguments (JSON Schema):',
    one: 'Make at most one call at a time.',
    otherwise: 'If no tool is needed, just answer.',
    required: 'You must call a tool now.',
    named: (tool) => `You must call ${tool} now.`,
  },
  zh: {
    title: '你可以调用以下工具：',
    parameters: '参数（JSON Schema）：',
    one: '每次最多调用一个工具。',
    otherwise: '不需要工具时，直接回答。',
    required: '现在必须调用一个工具。',
    named: (tool) => `现在必须调用 ${tool}。`,
  },
};

const never = (): { score: number; evidence: readonly string[] } => ({ score: 0, evidence: [] });

/** The format of this data; without signs of its own it is taken only where someone chooses it. */
export function definePrompted(definition: PromptedDefinition): ToolFormat {
  return defineFormat({
    detect: never,
    // What nearly all models that reason write, whatever their templates know of tools.
    reasoning: { open: '<think>', close: '</think>' },
    ...definition,
    kind: 'prompted',
    models: 'any, by prompt',
    instructions: (given) => instructions(definition, given),
  });
}

function instructions(definition: PromptedDefinition, given: Conditions): Prompt {
  const { choice, language, tools, parallel } = given;
  const [first] = tools;
  if (first === undefined || choice.type === 'none') return [];
  const words = wordings[language];
  const named = choice.type === 'tool' ? tools.find((tool) => tool.name === choice.name) : undefined;
  const lines = [
    words.title,
    ...tools.map((tool) => toolLine(tool, words)),
    '',
    definition.how[language],
    exampleCall(definition, named ?? first),
    '',
    parallel ? definition.several[language] : words.one,
    `${definition.result?.[language] ?? ''}${words.otherwise}`,
  ];
  if (named !== undefined) lines.push(words.named(named.name));
  else if (choice.type === 'required') lines.push(words.required);
  return [{ text: lines.join('\n'), trusted: false }];
}

function toolLine(tool: Tool, words: Wording): string {
  const about = tool.description.replace(/\s+/g, ' ').trim();
  return `- ${tool.name}: ${about}${about === '' ? '' : ' '}${words.parameters} ${JSON.stringify(tool.parameters)}`;
}

/** A call to the caller's own tool, so that no invented name or place strays into an answer. */
function exampleCall({ calls, lead = '' }: PromptedDefinition, tool: Tool): string {
  const call = { id: 'call000001', name: tool.name, arguments: exampleArguments(tool.parameters) };
  return promptText(renderTurn({ calls, lead }, { text: '', calls: [call], tools: [tool] }));
}
