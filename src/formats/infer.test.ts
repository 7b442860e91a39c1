/** Formats read off templates that nobody described. */

import { describe, expect, it } from 'vitest';
import { promptText } from '../chat/prompt.ts';
import { createChatTemplate } from '../template/chat-template.ts';
import { askFor, readPieces } from './cases.contract.ts';
import { exampleTool } from './check-format.ts';
import { defineFormat, type FormatDefinition } from './define-format.ts';
import { inferFormat } from './infer.ts';
import { takeSamples } from './infer-samples.ts';

/** A template that writes each turn between two marks, and calls in this way. */
const template = (calls: string, { spoken = '{{ m.content }}', prompt = '' } = {}): string =>
  `{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}<|{{ m.role }}|>` +
  `{% if m.reasoning_content %}<hm>{{ m.reasoning_content }}</hm>{% endif %}` +
  `{% if m.content %}${spoken}{% endif %}{% if m.tool_calls %}${calls}{% endif %}<|end|>{% endfor %}` +
  `{% if add_generation_prompt %}<|assistant|>${prompt}{% endif %}`;
const each = (call: string, between = ''): string =>
  `{% for c in m.tool_calls %}{% set f = c.function %}${call}{% if not loop.last %}${between}{% endif %}{% endfor %}`;
const eachArgument = (written: string): string => `{% for k, v in f.arguments | items %}${written}{% endfor %}`;

function infer(source: string): FormatDefinition | string {
  const ready = createChatTemplate(source, { bosToken: '', eosToken: '', specialTokens: [] });
  const samples = takeSamples((messages, options) =>
    promptText(ready.render({ messages, ...options, variables: {}, now: new Date(0) })),
  );
  if (typeof samples === 'string') return samples;
  const inference = inferFormat(samples);
  return 'reason' in inference ? inference.reason : inference.definition;
}

describe('inferFormat', () => {
  const object = '{"tool": "{{ f.name }}", "input": {{ f.arguments | tojson }}}';
  const value = '{{ v if v is string else v | tojson }}';
  it.each<[string, string, string]>([
    [
      'an object in a tag',
      each(`<call>${object}</call>`),
      '<call>{"tool": "get_weather", "input": {"city": "Oslo"}}</call>',
    ],
    ['objects in a list', `[[${each(object, ', ')}]]`, '[[{"tool": "get_weather", "input": {"city": "Oslo"}}]]'],
    [
      'a number before the name',
      `<list>[${each('{"n": "{{ loop.index0 }}", "f": "{{ f.name }}", "a": {{ f.arguments | tojson }}}', ',')}]</list>`,
      '<list>[{"n": "0", "f": "get_weather", "a": {"city": "Oslo"}}]</list>',
    ],
    [
      'an object in an object',
      each(
        '<c>{"type": "function", "function": {"name": "{{ f.name }}", "arguments": {{ f.arguments | tojson }}}}</c>',
      ),
      '<c>{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}</c>',
    ],
    [
      'the name as a key',
      `<k>${each('{"{{ f.name }}": {{ f.arguments | tojson }}}', '\n')}</k>`,
      '<k>{"get_weather": {"city": "Oslo"}}</k>',
    ],
    ['a name before JSON', each('@@{{ f.name }}@{{ f.arguments | tojson }}', '\n'), '@@get_weather@{"city": "Oslo"}'],
    [
      'an id between them',
      each('<n>{{ f.name }}<i>{{ c.id }}<a>{{ f.arguments | tojson }}'),
      '<n>get_weather<i>call-0<a>{"city": "Oslo"}',
    ],
    [
      'fenced JSON',
      each('<f>{{ f.name }}\n```json\n{{ f.arguments | tojson }}\n```</f>'),
      '<f>get_weather\n```json\n{"city": "Oslo"}\n```</f>',
    ],
    [
      'arguments in tags',
      `<calls>\n${each(`<call {{ f.name }}>\n${eachArgument(`<arg {{ k }}>\n${value}\n</arg>\n`)}</call>\n`)}</calls>`,
      '<calls>\n<call get_weather>\n<arg city>\nOslo\n</arg>\n</call>\n</calls>',
    ],
    [
      'arguments with their type',
      each(
        `<c n="{{ f.name }}">${eachArgument(`<p k="{{ k }}" text="{{ 'true' if v is string else 'false' }}">${value}</p>`)}</c>`,
      ),
      '<c n="get_weather"><p k="city" text="true">Oslo</p></c>',
    ],
    [
      'Python calls',
      `<py>[${each(`{{ f.name }}(${eachArgument("{{ k }}={{ v | tojson if v is string else ([v] | string)[1:-1] }}{{ '' if loop.last else ', ' }}")})`, ', ')}]</py>`,
      '<py>[get_weather(city="Oslo")]</py>',
    ],
    [
      'bare keys',
      each(
        `<b>{{ f.name + '{' }}${eachArgument("{{ k }}:{% if v is string %}<q>{{ v }}<q>{% else %}{{ v | tojson | replace('\"', '<q>') }}{% endif %}{{ '' if loop.last else ',' }}")}}</b>`,
      ),
      '<b>get_weather{city:<q>Oslo<q>}</b>',
    ],
    [
      'a tag for each argument',
      each(`<t><n>{{ f.name }}</n>${eachArgument(`<{{ k }}>${value}</{{ k }}>`)}</t>`),
      '<t><n>get_weather</n><city>Oslo</city></t>',
    ],
    [
      'the id for the name',
      `<s>${each('<c>{{ c.id }}<a>{{ f.arguments | tojson }}</c>')}</s>`,
      '<s><c>functions.get_weather:0<a>{"city": "Oslo"}</c></s>',
    ],
  ])('reads %s', (_, calls, example) => {
    const definition = infer(template(calls));
    if (typeof definition === 'string') throw new TypeError(definition);
    expect(definition.example).toBe(example);
    expect(definition.reasoning).toEqual({ open: '<hm>', close: '</hm>' });
    // Signs of one or two letters are no signs in the middle of a text.
    expect(definition.callsAtStart).toBe(/^(?:\[\[|@@)\w?/.test(example));
    const text = definition.callsAtStart ? '' : 'Hm. ';
    const answer = [{ text: text + example, tokens: 1 }];
    expect(readPieces(defineFormat(definition).answer(askFor([exampleTool])), answer)).toMatchObject({
      text,
      calls: [{ name: 'get_weather', outcome: 'ok' }],
    });
  });

  it('knows what the prompt has written already, and marks around a reply', () => {
    const calls = each('>>>{{ f.name }}\n{{ f.arguments | tojson }}');
    const definition = infer(template(calls, { spoken: '>>>all\n{{ m.content }}', prompt: '>>>' }));
    expect(definition).toMatchObject({ promptTail: '>>>', reply: { open: '>>>all\n' } });
    const said = infer(
      template(each('<c>{{ f.name }}@{{ f.arguments | tojson }}</c>'), { spoken: '<say>{{ m.content }}</say>' }),
    );
    expect(said).toMatchObject({ reply: { open: '<say>', close: '</say>' } });
  });

  it.each<[string, string, RegExp]>([
    ['prints no calls', template(''), /^the template prints no calls$/],
    ['prints names only', template(each('<c>{{ f.name }}</c>')), /^the template prints no calls$/],
    ['turns names around', template(each('<c>{{ f.arguments | tojson }}{{ f.name }}</c>')), /not known/],
    [
      'loses the types',
      template(each(`<c>{{ f.name }}:${eachArgument('{{ k }} is {{ v }};')}</c>`)),
      /not known|would read|does not|reading/,
    ],
    [
      'drowns the call',
      template(`${'x'.repeat(20_000)}${each('<c>{{ f.name }}{{ f.arguments | tojson }}')}`),
      /too much/,
    ],
  ])('says why not of a template that %s', (_, source, reason) => {
    expect(infer(source)).toMatch(reason);
  });
});
