import { describe, expect, it } from 'vitest';
import { promptText } from '../chat/prompt.ts';
import type { Tool } from '../chat/tool.ts';
import { compileGrammar } from '../grammar/automaton.ts';
import { askFor, specialSpelling } from './cases.contract.ts';
import { allFormats } from './formats.ts';

const weather: Tool = {
  name: 'get_weather',
  description: '',
  path: '',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const call = { id: 'call00001', name: 'get_weather', arguments: '{"city":"Oslo"}' };
const forced = askFor([weather], { choice: { type: 'required' }, promptEnd: 'reasoning' });
const thinking = allFormats.filter((format) => format.answer(forced).afterReasoning !== undefined);

describe.each(thinking)('reasoning in $name', (format) => {
  const { afterReasoning, parser } = format.answer(forced);
  const close = promptText(afterReasoning?.close ?? []);
  const written = format.render({ text: '', calls: [call], tools: [weather] });

  it('can be ended anywhere by its marker, and the call is read behind it', () => {
    for (const thought of ['I', 'I think\n', 'I think\n\n', `I${close.slice(0, -1)}`, `I\n${close.slice(0, 1)}`]) {
      const reader = parser(() => 'id');
      expect(reader.isThinking).toBe(false);
      const events = [...reader.push({ text: thought, tokens: 1 })];
      expect(reader.isThinking, thought).toBe(true);
      events.push(...reader.push({ text: close, tokens: 0 }));
      expect(reader.isThinking, thought).toBe(false);
      events.push(...reader.push({ text: promptText(written), tokens: 1 }), ...reader.end('stop'));
      expect(events.filter(({ type }) => type === 'text-delta')).toEqual([]);
      expect(events.flatMap((event) => (event.type === 'call-start' ? [event.name] : []))).toEqual(['get_weather']);
      const reasoning = events.map((event) => (event.type === 'reasoning-delta' ? event.text : '')).join('');
      expect(thought.startsWith(reasoning) && reasoning.startsWith('I')).toBe(true);
    }
  });

  it('is followed by the call and nothing else', () => {
    const grammar = afterReasoning?.constraint.grammar;
    if (grammar === undefined) throw new RangeError('nothing holds the rest');
    const accepts = (text: string): boolean => {
      const cursor = compileGrammar(grammar).start();
      const isTaken = text.split(specialSpelling).every((part, index) => {
        if (index % 2 === 1 && cursor.acceptSpecial(part)) return true;
        return cursor.accept(new TextEncoder().encode(part));
      });
      return isTaken && cursor.mayEnd();
    };
    expect(accepts(`\n\n${promptText(written)}`)).toBe(true);
    expect(accepts('no')).toBe(false);
  });
});

it('is known of many formats', () => {
  expect(thinking.length).toBeGreaterThan(25);
});
