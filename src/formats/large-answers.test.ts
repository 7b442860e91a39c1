/** Large answers in every format: hundreds of calls, long strings full of signs, names beyond ASCII. */

import { describe, expect, it } from 'vitest';
import { promptText } from '../chat/prompt.ts';
import { askFor, generated, readPieces } from './cases.contract.ts';
import type { ToolFormat } from './format.ts';
import { allFormats } from './formats.ts';

const tool = {
  name: 'get_天气.x-1',
  description: '',
  parameters: { type: 'object', properties: { text: { type: 'string' }, number: { type: 'integer' } } },
  path: 'tools[0]',
};
const long = 'lorem <ipsum> "dolor" \\n { } [ ] </x> \'sit\'\n'.repeat(4_000);

/** What the format reads of its own calls with these arguments, five letters at a time. */
function read(format: ToolFormat, all: readonly string[]) {
  const calls = all.map((json, index) => ({ id: `call${index}`, name: tool.name, arguments: json }));
  const written = generated(format, format.render({ text: '', calls, tools: [tool] }));
  const isToken = (text: string): boolean => format.name === 'nano' && /^<\|\w+\|>$/.test(text);
  const pieces = written.flatMap(({ text, trusted }) => {
    if (trusted && isToken(text)) return [{ text: '', special: text, tokens: 1 }];
    const parts = promptText([{ text, trusted }]).match(/[\s\S]{1,5}/g) ?? [];
    return parts.map((part) => ({ text: part, tokens: 1 }));
  });
  return readPieces(format.answer(askFor([tool])), pieces);
}

describe.each(allFormats.map((format) => ({ name: format.name, format })))('$name', ({ format }) => {
  it('reads 300 calls of one answer', () => {
    const json = Array.from({ length: 300 }, (_, index) => `{"text": "v${index}", "number": ${index}}`);
    const { calls, text } = read(format, json);
    expect(text.trim()).toBe('');
    expect(calls.map((call) => JSON.parse(call.arguments))).toEqual(json.map((each) => JSON.parse(each)));
  });

  it('reads a long string with everything in it that could end it', () => {
    const json = JSON.stringify({ text: long, number: 3 });
    expect(format.carries(json, tool)).toBe(true);
    const { calls, text } = read(format, [json]);
    expect(text.trim()).toBe('');
    expect(calls.map((call) => [call.outcome, JSON.parse(call.arguments)])).toEqual([['ok', JSON.parse(json)]]);
  });
});
