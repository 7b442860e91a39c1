/** Can a format carry a tool's name? What it writes, it must read back the same. */

import type { ParserEvent } from '../chat/event.ts';
import { promptText } from '../chat/prompt.ts';
import type { Tool } from '../chat/tool.ts';
import type { ToolFormat } from './format.ts';

/** Names like these stand in every format as they are: the suite of all formats says so. */
const plainName = /^[a-zA-Z_][a-zA-Z0-9_.-]{0,63}$/;

/** What `carriesName` needs of a format. */
type Carrier = Pick<ToolFormat, 'render' | 'answer' | 'promptTail'>;

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const json = '{"city":"Oslo"}';

/** What is known of names already, by format. */
const known = new WeakMap<Carrier, Map<string, boolean>>();
const maxKnown = 1_000;

/** Does a call of this name read back as it was written? */
export function carriesName(format: Carrier, name: string): boolean {
  if (plainName.test(name)) return true;
  const names = known.get(format) ?? new Map<string, boolean>();
  known.set(format, names);
  const isCarried = names.get(name) ?? readsBack(format, name);
  if (names.size >= maxKnown) names.clear();
  names.set(name, isCarried);
  return isCarried;
}

/** Writes a call of this name and reads it again. */
export function readsBack(format: Carrier, name: string): boolean {
  const tool: Tool = { name, description: '', parameters, path: '' };
  const events = readCall(format, tool);
  const starts = events.flatMap((event) => (event.type === 'call-start' ? [event.name] : []));
  const written = events.map((event) => (event.type === 'call-delta' ? event.json : '')).join('');
  const isClean = events.every((event) => event.type !== 'text-delta' || event.text.trim() === '');
  return isClean && starts.length === 1 && starts[0] === name && written.replaceAll(' ', '') === json;
}

function readCall(format: Carrier, tool: Tool): readonly ParserEvent[] {
  const call = { id: '', name: tool.name, arguments: json };
  const whole = promptText(format.render({ text: '', calls: [call], tools: [tool] }));
  const { promptTail = '' } = format;
  const text = whole.startsWith(promptTail) ? whole.slice(promptTail.length) : whole;
  const plan = format.answer({
    tools: [tool],
    choice: { type: 'auto' },
    parallel: true,
    messages: [],
    language: 'en',
    promptEnd: 'text',
  });
  const parser = plan.parser(() => '');
  return [...parser.push({ text, tokens: 1 }), ...parser.end('stop')];
}
