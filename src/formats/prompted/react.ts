/** ReAct: two lines name a tool and its arguments; what chat models without tools in their template are taught. */

import type { Prompt } from '../../chat/prompt.ts';
import type { Tool } from '../../chat/tool.ts';
import type { Conditions } from '../ask.ts';
import { defineFormat } from '../define-format.ts';
import { exampleArguments } from '../example-arguments.ts';
import { gap, jsonArgs, many, name, optional, seq, text } from '../syntax.ts';

const action = text('Action:', 'Action：', '**Action:**', '**Action**:', '动作:', '动作：');
const input = text(
  'Action Input:',
  'Action Input：',
  '**Action Input:**',
  '**Action Input**:',
  '动作输入:',
  '动作输入：',
);

/** The format for templates that know no tools. */
export const react = defineFormat({
  name: 'react',
  kind: 'prompted',
  source: 'ReAct (arXiv 2210.03629) with JSON arguments, as ModelScope-Agent and Qwen-Agent teach it',
  models: 'any, by prompt',
  detect: ({ template }) =>
    /\btools\b/.test(template)
      ? { score: 0.1, evidence: ['the template knows tools, but no format we know'] }
      : { score: 1, evidence: ['the template knows no tools'] },
  calls: many(
    seq(
      action,
      gap(' '),
      name('\n'),
      gap(''),
      input,
      gap(' '),
      optional(text('```json', '```')),
      gap(''),
      jsonArgs(),
      optional(seq(gap(''), text('```'))),
    ),
    '\n',
  ),
  lead: '\n',
  example: 'Action: get_weather\nAction Input: {"city": "Oslo"}',
  instructions,
  // What nearly all models that reason write, whatever their templates know of tools.
  reasoning: { open: '<think>', close: '</think>' },
  results: { role: 'user', open: 'Observation: ', close: '', separator: '\n' },
  stops: ['\nObservation:'],
});

interface Wording {
  readonly title: string;
  readonly parameters: string;
  readonly how: string;
  readonly several: string;
  readonly one: string;
  readonly otherwise: string;
  readonly required: string;
  named(tool: string): string;
}

const wordings: Readonly<Record<Conditions['language'], Wording>> = {
  en: {
    title: 'You can call these tools:',
    parameters: 'Arguments (JSON Schema):',
    how: 'To call a tool, write its name and its arguments as a JSON object on two lines, and then stop:',
    several: 'For several calls, repeat the two lines.',
    one: 'Make at most one call at a time.',
    otherwise: 'The result comes after "Observation:". If no tool is needed, just answer.',
    required: 'You must call a tool now.',
    named: (tool) => `You must call ${tool} now.`,
  },
  zh: {
    title: '你可以调用以下工具：',
    parameters: '参数（JSON Schema）：',
    how: '需要调用工具时，用两行写出工具名和 JSON 参数，然后停止：',
    several: '需要多次调用时，重复这两行。',
    one: '每次最多调用一个工具。',
    otherwise: '结果会在“Observation:”之后给出。不需要工具时，直接回答。',
    required: '现在必须调用一个工具。',
    named: (tool) => `现在必须调用 ${tool}。`,
  },
};

function instructions(ask: Conditions): Prompt {
  const first = ask.tools[0];
  if (first === undefined || ask.choice.type === 'none') return [];
  const { choice } = ask;
  const named = choice.type === 'tool' ? ask.tools.find((tool) => tool.name === choice.name) : undefined;
  const words = wordings[ask.language];
  const lines = [
    words.title,
    ...ask.tools.map((tool) => toolLine(tool, words)),
    '',
    words.how,
    ...exampleLines(named ?? first),
    '',
    ask.parallel ? words.several : words.one,
    words.otherwise,
  ];
  if (named !== undefined) lines.push(words.named(named.name));
  else if (choice.type === 'required') lines.push(words.required);
  return [{ text: lines.join('\n'), trusted: false }];
}

function toolLine(tool: Tool, words: Wording): string {
  const about = tool.description.replace(/\s+/g, ' ').trim();
  return `- ${tool.name}: ${about}${about === '' ? '' : ' '}${words.parameters} ${JSON.stringify(tool.parameters)}`;
}

/** The caller's own tool, so that no invented name or place strays into an answer. */
function exampleLines(tool: Tool): string[] {
  return [`Action: ${tool.name}`, `Action Input: ${exampleArguments(tool.parameters)}`];
}
