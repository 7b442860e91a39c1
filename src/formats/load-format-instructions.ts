/** Instructions of a format file: a text with placeholders, told to models whose template knows no tools. */

import type { Field } from '../base/decode.ts';
import { joinSegments, type Prompt, type PromptSegment } from '../chat/prompt.ts';
import type { Conditions } from './ask.ts';
import { exampleArguments } from './example-arguments.ts';
import { closed, filled } from './load-format-fields.ts';
import { renderTurn } from './render.ts';
import type { Syntax } from './syntax.ts';

/** `{tools}`: each tool as a line of JSON; `{names}`: their names; `{call}`: a call to the first as it must be written. */
const placeholder = /(\{(?:tools|names|call)\})/;

/** The function that writes the instructions; `field` is a text, or one text for each language. */
export function readInstructions(field: Field, calls: Syntax): (conditions: Conditions) => Prompt {
  const texts = readTexts(field);
  return (conditions) => {
    const { choice, tools, language } = conditions;
    if (choice.type === 'none') return [];
    const shown = choice.type === 'tool' ? tools.filter((tool) => tool.name === choice.name) : tools;
    const parts = texts[language].split(placeholder);
    return joinSegments(
      parts.map((part, index) => (index % 2 === 0 ? own(part) : fill(part, { shown, tools, calls }))),
    );
  };
}

function readTexts(field: Field): Readonly<Record<Conditions['language'], string>> {
  if (typeof field.value === 'string') {
    const text = checked(field);
    return { en: text, zh: text };
  }
  closed(field, ['en', 'zh']);
  const en = checked(field.get('en'));
  return { en, zh: field.get('zh').optional(checked) ?? en };
}

function checked(field: Field): string {
  const text = filled(field);
  if (!text.includes('{tools}')) throw field.invalid('must hold {tools}, where the list of tools is to stand');
  return text;
}

interface Filling {
  readonly tools: Conditions['tools'];
  /** The tools that may be called. */
  readonly shown: Conditions['tools'];
  readonly calls: Syntax;
}

function fill(part: string, { tools, shown, calls }: Filling): PromptSegment {
  if (part === '{names}') return letters(shown.map((tool) => tool.name).join(', '));
  if (part === '{tools}')
    return letters(
      tools.map(({ name, description, parameters }) => JSON.stringify({ name, description, parameters })).join('\n'),
    );
  const [first] = shown;
  if (first === undefined) return letters('');
  const call = { id: 'call00001', name: first.name, arguments: exampleArguments(first.parameters) };
  const written = renderTurn({ calls, lead: '' }, { text: '', calls: [call], tools });
  return letters(written.map((segment) => segment.text).join(''));
}

const own = (text: string): PromptSegment => ({ text, trusted: true });
const letters = (text: string): PromptSegment => ({ text, trusted: false });
