/** The nano format: what it writes it reads, in any chunking, and what its grammar lets through is valid. */

import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParserEvent } from '../../chat/event.ts';
import type { Message } from '../../chat/message.ts';
import type { Piece } from '../../chat/piece.ts';
import { type Prompt, promptText } from '../../chat/prompt.ts';
import type { JsonSchema, Tool } from '../../chat/tool.ts';
import { compileGrammar } from '../../grammar/automaton.ts';
import type { AnswerPlan, Ask } from '../ask.ts';
import { nano } from './nano.ts';

const tool = (name: string, properties: Record<string, JsonSchema>, required: readonly string[] = []): Tool => ({
  name,
  description: `Does ${name}`,
  parameters: { type: 'object', properties, required },
  path: 'tools[0].function.parameters',
});
const user = (content: string): Message => ({ role: 'user', content, path: 'messages[0]' });
const ask = (tools: readonly Tool[], more: Partial<Ask> = {}): Ask => ({
  tools,
  choice: { type: 'auto' },
  parallel: true,
  messages: [user('What is the weather in Boston?')],
  promptEnd: 'text',
  language: 'en',
  ...more,
});

/** Letters and control tokens, as an engine would hand them out. */
type Unit = { readonly text: string } | { readonly special: string };
const tokenPattern = /(<\|[a-z0-9]+\|>)/;
const units = (prompt: Prompt): Unit[] =>
  prompt.flatMap(({ text, trusted }) =>
    (trusted ? text.split(tokenPattern) : [text])
      .filter((part) => part !== '')
      .map((part) => (trusted && tokenPattern.test(part) ? { special: part } : { text: part })),
  );
const written = (text: string): Unit[] => units([{ text, trusted: true }]);

/** Cuts letters into chunks of the given sizes, over and over. */
function toPieces(all: readonly Unit[], sizes: readonly number[]): Piece[] {
  const pieces: Piece[] = [];
  let turn = 0;
  for (const unit of all) {
    if ('special' in unit) {
      pieces.push({ text: '', special: unit.special, tokens: 1 });
      continue;
    }
    const characters = [...unit.text];
    while (characters.length > 0) {
      const size = sizes[turn++ % sizes.length] ?? 1;
      pieces.push({ text: characters.splice(0, size).join(''), tokens: 1 });
    }
  }
  return pieces;
}

interface Read {
  readonly text: string;
  readonly calls: { name: string; json: string; outcome: string }[];
  readonly events: readonly ParserEvent[];
}

function read(plan: AnswerPlan, pieces: readonly Piece[], end: 'stop' | 'length' = 'stop'): Read {
  let ids = 0;
  const parser = plan.parser(() => `call_${ids++}`);
  const events = [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end(end)];
  const result = { text: '', calls: [] as Read['calls'], events };
  for (const event of events) {
    const last = result.calls.at(-1);
    if (event.type === 'text-delta') result.text += event.text;
    if (event.type === 'call-start') result.calls.push({ name: event.name, json: '', outcome: 'open' });
    if (event.type === 'call-delta' && last) last.json += event.json;
    if (event.type === 'call-end' && last) last.outcome = event.outcome;
  }
  return result;
}

const plainCalls = (result: Read): unknown[] =>
  result.calls.map(({ name, json, outcome }) => ({ name, arguments: JSON.parse(json), outcome }));

function accepts(plan: AnswerPlan, all: readonly Unit[]): boolean {
  const { grammar } = plan.constraint;
  if (grammar === undefined) return false;
  const cursor = compileGrammar(grammar).start();
  const taken = all.every((unit) =>
    'special' in unit ? cursor.acceptSpecial(unit.special) : cursor.accept(new TextEncoder().encode(unit.text)),
  );
  return taken && cursor.mayEnd();
}

const render = (tools: readonly Tool[], calls: ReadonlyArray<readonly [string, unknown]>, text = ''): Prompt =>
  nano.render({
    text,
    tools,
    calls: calls.map(([name, value], index) => ({ id: `${index}`, name, arguments: JSON.stringify(value) })),
  });

const weather = tool(
  'get_weather',
  { city: { type: 'string', description: 'The city, e.g. Paris' }, unit: { enum: ['celsius', 'fahrenheit'] } },
  ['city'],
);

describe('the example of FORMAT.md', () => {
  const answer =
    '<|call|>get_weather\ncity* str: The city, e.g. Paris = Boston\nunit [celsius|fahrenheit] = <|skip|>\n' +
    '<|call|>get_weather\ncity = Oslo\nunit = celsius\n';
  const calls = [
    ['get_weather', { city: 'Boston' }],
    ['get_weather', { city: 'Oslo', unit: 'celsius' }],
  ] as const;

  it('is written', () => {
    expect(promptText(render([weather], calls))).toBe(answer);
  });

  it('is read', () => {
    expect(plainCalls(read(nano.answer(ask([weather])), toPieces(written(answer), [3])))).toEqual(
      calls.map(([name, value]) => ({ name, arguments: value, outcome: 'ok' })),
    );
  });

  it('is what the grammar expects, and only that', () => {
    const plan = nano.answer(ask([weather]));
    expect(accepts(plan, written(answer))).toBe(true);
    expect(accepts(plan, written(answer.replace('celsius\n', 'kelvin\n')))).toBe(false);
    expect(accepts(plan, written(answer.replace('Oslo', '<|skip|>')))).toBe(false);
    expect(accepts(plan, written(answer.replace('city = Oslo', 'city* str: The city, e.g. Paris = Oslo')))).toBe(false);
    expect(accepts(plan, written('It is sunny.'))).toBe(true);
    expect(accepts(nano.answer(ask([weather], { parallel: false })), written(answer))).toBe(false);
    expect(accepts(nano.answer(ask([weather], { choice: { type: 'none' } })), written(answer))).toBe(false);
    expect(accepts(nano.answer(ask([weather], { choice: { type: 'required' } })), written('Sunny.'))).toBe(false);
  });

  it('streams the name at its line break and strings as they come', () => {
    const parser = nano.answer(ask([weather])).parser(() => 'id');
    const push = (text: string): readonly ParserEvent[] => parser.push({ text, tokens: 1 });
    expect(parser.push({ text: '', special: '<|call|>', tokens: 1 })).toEqual([]);
    expect(push('get_weather')).toEqual([]);
    expect(push('\n')).toEqual([{ type: 'call-start', index: 0, id: 'id', name: 'get_weather' }]);
    expect(push('city* str: The city, e.g. Paris = Bo')).toEqual([
      { type: 'call-delta', index: 0, json: '{"city": "Bo' },
    ]);
    expect(push('s"t')).toEqual([{ type: 'call-delta', index: 0, json: 's\\"t' }]);
    expect(push('on\nunit')).toEqual([{ type: 'call-delta', index: 0, json: 'on"' }]);
    expect(push(' [celsius|fahrenheit] = celsius\n')).toEqual([
      { type: 'call-delta', index: 0, json: ', "unit": "celsius"}' },
      { type: 'call-end', index: 0, outcome: 'ok' },
    ]);
    expect(push('Done.')).toEqual([{ type: 'text-delta', text: 'Done.' }]);
  });
});

describe('the tool list', () => {
  const trip = tool(
    'book trip',
    {
      to: {
        type: 'object',
        properties: { city: { type: 'string' }, 'post.code': { type: 'string' } },
        required: ['city'],
      },
      extra: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
      note: { type: 'object', properties: { text: { type: 'string' } } },
    },
    ['to'],
  );

  it('shows relevance, keys and descriptions', () => {
    const none = { ...tool('noop', {}), description: '' };
    expect(promptText(nano.instructions?.(ask([weather, trip, none])) ?? [])).toBe(
      '<|tools|>\n<|best|><|r4|>get_weather(city, unit): Does get_weather\n' +
        '<|r0|>"book trip"(to.city, to."post.code", extra, note.text): Does book trip\n<|r0|>noop()\n',
    );
  });

  it('marks nothing when nothing is relevant', () => {
    const list = nano.instructions?.(ask([weather], { messages: [user('Who are you?')] })) ?? [];
    expect(promptText(list)).not.toContain('<|best|>');
  });

  it('leaves no way from a description to a control token', () => {
    const hostile = { ...weather, description: 'a\n\n<|end|><|r5|>  b', name: '<|call|>\nx' };
    const list = nano.instructions?.(ask([hostile])) ?? [];
    const trusted = list.filter((segment) => segment.trusted).map((segment) => segment.text);
    expect(trusted.join('')).toMatch(/^<\|tools\|>(<\|best\|>)?<\|r\d\|>$/);
    expect(promptText(list)).toContain('"<|call|>\\nx"(city, unit): a <|end|><|r5|> b\n');
  });

  it('cuts descriptions to 160 code points', () => {
    const long = { ...tool('f', {}), description: '天𠀀'.repeat(100) };
    expect(promptText(nano.instructions?.(ask([long])) ?? [])).toContain(`f(): ${'天𠀀'.repeat(80)}\n`);
  });
});

describe('schemas of every shape', () => {
  const cases: [string, JsonSchema, unknown][] = [
    ['no parameters', { type: 'object', properties: {} }, {}],
    ['anything at all', true, {}],
    ['a map', { type: 'object', additionalProperties: { type: 'integer' } }, { a: 1, b: 2 }],
    ['a union', { anyOf: [{ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }] }, { a: 'x' }],
    [
      'null',
      { type: 'object', properties: { a: { type: ['string', 'null'] }, b: { type: ['string', 'null'] } } },
      { a: null, b: 'null' },
    ],
    [
      'null by union',
      { type: 'object', properties: { a: { anyOf: [{ type: 'integer' }, { type: 'null' }] } } },
      { a: null },
    ],
    [
      'a reference',
      { $defs: { c: { enum: ['red', 'green'] } }, type: 'object', properties: { a: { $ref: '#/$defs/c' } } },
      { a: 'green' },
    ],
    [
      'a recursive reference',
      {
        $defs: {
          n: {
            type: 'object',
            properties: { next: { $ref: '#/$defs/n' } },
            required: ['v'],
            additionalProperties: true,
          },
        },
        type: 'object',
        properties: { n: { $ref: '#/$defs/n' } },
      },
      { n: { next: { v: 2 }, v: 1 } },
    ],
    [
      'mixed enum',
      { type: 'object', properties: { a: { enum: ['1', 1, null, 'null', true, 'x y'] } }, required: ['a'] },
      { a: '1' },
    ],
    ['a constant', { type: 'object', properties: { a: { const: 5 }, b: { const: 'go' } } }, { a: 5, b: 'go' }],
    [
      'a required object without members',
      {
        type: 'object',
        properties: { o: { type: 'object', properties: { x: { type: 'integer' } } }, z: { type: 'boolean' } },
        required: ['o'],
      },
      { o: {}, z: true },
    ],
    [
      'objects in objects',
      {
        type: 'object',
        properties: {
          o: {
            type: 'object',
            properties: {
              p: { type: 'object', properties: { q: { type: 'object', properties: { r: { type: 'integer' } } } } },
            },
          },
        },
      },
      { o: { p: { q: { r: 1 } } } },
    ],
    [
      'lists',
      { type: 'object', properties: { a: { type: 'array', items: { type: 'string' } } } },
      { a: ['x', 'a "b"', ''] },
    ],
    [
      'strange keys',
      {
        type: 'object',
        properties: {
          'a = b': { type: 'string' },
          '': { type: 'string' },
          'x\ny': { type: 'string' },
          __proto__x: { type: 'string' },
        },
      },
      { 'a = b': 'c = d', '': 'e', 'x\ny': 'f', __proto__x: 'g' },
    ],
    [
      'strange strings',
      {
        type: 'object',
        properties: {
          a: { type: 'string' },
          b: { type: 'string' },
          c: { type: 'string' },
          d: { type: 'string' },
          e: { type: 'string' },
        },
      },
      { a: '', b: ' x', c: 'l\nm', d: '"q" \\', e: '<|call|>f' },
    ],
    [
      'Chinese',
      { type: 'object', properties: { 城市: { type: 'string', description: '城市 = 名字' } }, required: ['城市'] },
      { 城市: '北京市' },
    ],
    [
      'undeclared members',
      {
        type: 'object',
        properties: { a: { type: 'string' }, o: { type: 'object', properties: { b: { type: 'integer' } } } },
      },
      { a: 'x', z: [1], o: { b: 1, y: 'q' } },
    ],
  ];

  it.each(cases)('%s: what is written is read, by the grammar too', (name, parameters, value) => {
    const tools: Tool[] = [{ name: 'f', description: '', parameters, path: 'p' }, weather];
    const plan = nano.answer(ask(tools));
    const answer = units(
      render(tools, [
        ['f', value],
        ['get_weather', { city: 'Rome' }],
        ['f', value],
      ]),
    );
    for (const sizes of [[1], [2, 5], [1000]]) {
      const result = read(plan, toPieces(answer, sizes));
      expect(plainCalls(result)).toEqual([
        { name: 'f', arguments: value, outcome: 'ok' },
        { name: 'get_weather', arguments: { city: 'Rome' }, outcome: 'ok' },
        { name: 'f', arguments: value, outcome: 'ok' },
      ]);
      expect(result.text).toBe('');
    }
    if (name !== 'undeclared members') expect(accepts(plan, answer)).toBe(true);
  });

  it('keeps the text of numbers', () => {
    const numbers = tool('f', { a: { type: 'number' }, b: { type: 'array' } });
    const call = { id: '1', name: 'f', arguments: '{"a":1.0,"b":[12345678901234567890]}' };
    const answer = units(nano.render({ text: '', tools: [numbers], calls: [call] }));
    expect(read(nano.answer(ask([numbers])), toPieces(answer, [4])).calls[0]?.json).toBe(
      '{"a": 1.0, "b": [12345678901234567890]}',
    );
  });

  it('writes a history that no longer fits its tools', () => {
    const calls = ['', 'no json', '[1]', '{"a": {"b": 1}}', '{"city": 5, "unit": {"x": 1}}'].flatMap((text, index) => [
      { id: `a${index}`, name: 'get_weather', arguments: text },
      { id: `b${index}`, name: 'gone away', arguments: text },
    ]);
    const text = promptText(nano.render({ text: 'Well.', tools: [weather], calls }));
    expect(text.startsWith('Well.<|call|>get_weather\ncity* str: The city, e.g. Paris = <|skip|>\n')).toBe(true);
    expect(text).toContain('<|call|>"gone away"\na = {"b": 1}\n');
    expect(text).toContain('<|call|>get_weather\narguments = "no json"\n');
  });
});

describe('round trips', () => {
  const key = fc.oneof(fc.stringMatching(/^[a-z_]{1,6}$/), fc.string({ minLength: 1, maxLength: 5, unit: 'binary' }));
  const text = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ maxLength: 6, unit: 'binary' }),
    fc.constantFrom('北京', 'null', ' = ', '<|skip|>', '\n', 'a\nb* str = c'),
  );
  interface Typed {
    readonly schema: JsonSchema;
    readonly value: fc.Arbitrary<unknown>;
  }
  const enumValues = fc.uniqueArray(fc.oneof(text, fc.integer(), fc.constant(null), fc.boolean()), {
    minLength: 1,
    maxLength: 14,
  });
  const leaf: fc.Arbitrary<Typed> = fc.oneof(
    fc.constant({ schema: { type: 'string' }, value: text }),
    fc.constant({ schema: { type: ['string', 'null'] }, value: fc.option(text) }),
    fc.constant({ schema: { type: 'integer' }, value: fc.integer() }),
    fc.constant({
      schema: { type: 'number' },
      value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    }),
    fc.constant({ schema: { type: 'boolean' }, value: fc.boolean() }),
    fc.constant({ schema: { type: 'array', items: { type: 'string' } }, value: fc.array(text, { maxLength: 3 }) }),
    fc.constant({ schema: {}, value: fc.jsonValue({ maxDepth: 2 }) }),
    enumValues.map((values) => ({ schema: { enum: values }, value: fc.constantFrom(...values) })),
  );
  const object = (depth: number): fc.Arbitrary<Typed> =>
    fc
      .array(
        fc.tuple(
          key,
          depth > 0 ? fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 1, arbitrary: object(depth - 1) }) : leaf,
          fc.boolean(),
        ),
        { maxLength: 4 },
      )
      .map((members) => {
        const own = [
          ...new Map(
            members.filter(([name]) => name !== '__proto__').map((one) => [one[0].toWellFormed(), one]),
          ).entries(),
        ];
        const required = own.filter(([, [, , needed]]) => needed).map(([name]) => name);
        const parts = Object.fromEntries(own.map(([name, [, typed]]) => [name, typed.value]));
        return {
          schema: {
            type: 'object',
            properties: Object.fromEntries(own.map(([name, [, typed]]) => [name, typed.schema])),
            required,
          },
          value: fc.record(parts, { requiredKeys: required }),
        };
      });
  const described = fc.tuple(
    fc.array(fc.tuple(fc.stringMatching(/^[a-zA-Z_.-]{1,8}$/), object(2)), { minLength: 1, maxLength: 3 }),
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
  );

  it('hold for generated schemas and values in every chunking', () => {
    const property = fc.property(
      described.chain(([tools, sizes]) =>
        fc.record({
          tools: fc.constant(tools),
          sizes: fc.constant(sizes),
          calls: fc.array(
            fc
              .nat(tools.length - 1)
              .chain((index) => fc.tuple(fc.constant(index), tools[index]?.[1].value ?? fc.constant({}))),
            { minLength: 1, maxLength: 4 },
          ),
          lead: fc.constantFrom('', 'Let me see.\n'),
        }),
      ),
      ({ tools: parts, sizes, calls, lead }) => {
        const tools = parts.map(
          ([name, { schema }], index): Tool => ({
            name: `${name}${index}`,
            description: '',
            parameters: schema,
            path: 'p',
          }),
        );
        const plan = nano.answer(ask(tools));
        const wanted = calls.map(
          ([index, value]) => [tools[index]?.name ?? '', JSON.parse(JSON.stringify(value))] as const,
        );
        const answer = units(render(tools, wanted, lead));
        const result = read(plan, toPieces(answer, sizes));
        expect(result.text).toBe(lead);
        expect(plainCalls(result)).toEqual(wanted.map(([name, value]) => ({ name, arguments: value, outcome: 'ok' })));
        expect(read(plan, toPieces(answer, [1000])).calls).toEqual(result.calls);
      },
    );
    fc.assert(property, { seed: 11, numRuns: 400 });
  });
});

describe('answers that end early or were never right', () => {
  const answer = units(render([weather], [['get_weather', { city: 'Boston "x"', unit: 'celsius' }]], 'Hm. '));

  it('is cut at every place, never thrown', () => {
    const plan = nano.answer(ask([weather]));
    const pieces = toPieces(answer, [1]);
    for (let length = 0; length < pieces.length; length++) {
      const result = read(plan, pieces.slice(0, length), 'length');
      expect('Hm. '.startsWith(result.text)).toBe(true);
      for (const call of result.calls) expect(call.outcome).toBe('cut');
      const stopped = read(plan, pieces.slice(0, length), 'stop');
      for (const call of stopped.calls) expect(call.outcome).not.toBe('open');
    }
    expect(read(plan, pieces, 'length').calls[0]?.outcome).toBe('ok');
  });

  it('survives anything', () => {
    const nested = tool(
      'n',
      {
        o: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer' } }, required: ['a'] },
        l: { type: 'array' },
        s: { type: ['string', 'null'] },
      },
      ['o'],
    );
    const plan = nano.answer(ask([weather, nested, tool('e', {})]));
    const unit = fc.oneof(
      fc.constantFrom<Unit[]>(
        { special: '<|call|>' },
        { special: '<|skip|>' },
        { special: '<|end|>' },
        { special: '<|r3|>' },
      ),
      fc
        .oneof(
          fc.constantFrom(
            'get_weather\n',
            'n\n',
            'e\n',
            'o.a = ',
            'o.b* int = ',
            'o.a* str = ',
            'o = ',
            'l list = ',
            's = ',
            'city = ',
            '"',
            '\n',
            ' = ',
            'arguments = ',
            '{"a": ',
            '[',
            '\uFFFF',
            '\ud800',
            '5',
            'null',
            '"o"."a"',
          ),
          fc.string({ maxLength: 5 }),
        )
        .map((text) => ({ text })),
    );
    fc.assert(
      fc.property(
        fc.array(unit, { maxLength: 25 }),
        fc.constantFrom('stop' as const, 'length' as const),
        (all, end) => {
          const result = read(plan, toPieces(all, [3]), end);
          const again = read(plan, toPieces(all, [1]), end);
          expect({ text: again.text, calls: again.calls }).toEqual({ text: result.text, calls: result.calls });
          for (const call of result.calls) {
            expect(call.outcome).not.toBe('open');
            if (call.outcome === 'ok') expect(() => JSON.parse(call.json)).not.toThrow();
          }
        },
      ),
      { seed: 5, numRuns: 3000 },
    );
  });

  it('is text where no tool of that name can be called', () => {
    const plan = nano.answer(ask([weather], { choice: { type: 'none' } }));
    const result = read(plan, toPieces(written('<|call|>get_weather\nx'), [2]));
    expect(result.calls).toEqual([]);
    expect(result.text).toBe('<|call|>get_weather\nx');
    const letters = read(nano.answer(ask([weather])), [{ text: '<|call|>get_weather\n', tokens: 5 }]);
    expect(letters.text).toBe('<|call|>get_weather\n');
  });

  it('reads lines that are not spelled as they should be', () => {
    const plan = nano.answer(ask([weather]));
    const result = read(
      plan,
      toPieces(written('<|call|>get_weather\nunit: celsius\nunit = celsius\ncity str = Rome'), [1]),
    );
    expect(result.calls).toEqual([
      { name: 'get_weather', json: '{"unit": "celsius", "city": "Rome"}', outcome: 'broken' },
    ]);
  });
});

describe('copied strings', () => {
  const messages = [user('Fly me from Novi Sad to "St. John\'s, NL" on Friday. 我想去上海。\nThanks!')];
  const fly = tool('fly', { to: { type: 'string', description: "City, or 'home'", default: 'anywhere' } }, ['to']);
  const plan = nano.answer(ask([fly], { messages, copyOnly: true }));
  const takes = (value: string): boolean =>
    accepts(plan, written(`<|call|>fly\nto* str: City, or 'home' = ${value}\n`));

  it.each(['Novi Sad', 'Friday', '上海', '我想去上海', "St. John's, NL", 'home', 'anywhere'])('may be %s', (value) => {
    expect(takes(value)).toBe(true);
  });

  it.each(['Novi S', 'ovi Sad', 'Paris', 'Friday.', '上海。', 'Friday. 我想去上海。', '"St', 'Novi Sad '])(
    'may not be %s',
    (value) => {
      expect(takes(value)).toBe(false);
    },
  );

  it('may be anything where nothing can be copied', () => {
    const bare = tool('fly', { to: { type: 'string' } }, ['to']);
    const empty = nano.answer(ask([bare], { messages: [user('?!')], copyOnly: true }));
    expect(accepts(empty, written('<|call|>fly\nto* str = Oslo\n'))).toBe(true);
  });

  it('are copied inside lists as well', () => {
    const many = tool('many', { to: { type: 'array', items: { type: 'string' } } }, ['to']);
    const listed = nano.answer(ask([many], { messages, copyOnly: true }));
    expect(accepts(listed, written('<|call|>many\nto* list = ["Novi Sad", "上海"]\n'))).toBe(true);
    expect(accepts(listed, written('<|call|>many\nto* list = ["Paris"]\n'))).toBe(false);
  });
});

describe('what the grammar keeps of strings', () => {
  const takes = (schema: JsonSchema, value: string): boolean =>
    accepts(nano.answer(ask([tool('f', { a: schema }, ['a'])])), written(`<|call|>f\na* str = ${value}\n`));
  const relaxed = (schema: JsonSchema): readonly string[] | undefined =>
    nano.answer(ask([tool('f', { a: schema }, ['a'])])).relaxed.get('f');

  it('length', () => {
    const schema = { type: 'string', minLength: 2, maxLength: 3 };
    expect(['a', 'ab', '天天天', 'abcd', '"ab"', '"a"'].map((value) => takes(schema, value))).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
    ]);
    expect(relaxed(schema)).toEqual([]);
    expect(takes({ type: 'string', maxLength: 0 }, '""')).toBe(true);
    expect(takes({ type: 'string', maxLength: 0 }, 'a')).toBe(false);
  });

  it('formats with a grammar', () => {
    expect(takes({ type: 'string', format: 'date' }, '2024-02-29')).toBe(true);
    expect(takes({ type: 'string', format: 'date' }, '2023-02-29')).toBe(false);
    expect(relaxed({ type: 'string', format: 'date' })).toEqual([]);
  });

  it('names what it does not keep', () => {
    expect(relaxed({ type: 'string', format: 'idn-email', pattern: '^a' })).toEqual(['format', 'pattern']);
    expect(relaxed({ type: 'integer', multipleOf: 7, not: { const: 3 } })).toContain('not');
  });
});

describe('detection', () => {
  const facts = { name: 'x', architecture: 'qwen2', specialTokens: [] };

  it('goes by the template', () => {
    expect(nano.detect({ ...facts, template: '{#- aimindserve-nano-1 -#}…' })).toBeGreaterThan(10);
    expect(nano.detect({ ...facts, template: '<|im_start|>' })).toBe(0);
  });
});

const fixture = new URL('../../../models/nano/fixtures/format.jsonl', import.meta.url);

describe.runIf(existsSync(fixture))('the texts that the model learnt', () => {
  it('are the ones written here', () => {
    expect(readFileSync(fixture, 'utf8')).not.toBe('');
  });
});
