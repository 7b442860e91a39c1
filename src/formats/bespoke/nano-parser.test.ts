/** The nano parser: it reads what is written, in any chunking, and survives anything else. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonSchema, Tool } from '../../chat/tool.ts';
import { nano } from './nano.ts';
import {
  ask,
  plainCalls,
  read,
  render,
  tool,
  toPieces,
  type Unit,
  units,
  weather,
  written,
} from './nano-cases.contract.ts';

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
