/** Random walks through the nano grammar: whatever it lets through is read as calls that are valid. */

import { describe, expect, it } from 'vitest';
import type { Message } from '../../chat/message.ts';
import type { Piece } from '../../chat/piece.ts';
import type { JsonSchema, Tool } from '../../chat/tool.ts';
import { type Cursor, compileGrammar } from '../../grammar/automaton.ts';
import type { Vocabulary } from '../../grammar/vocabulary.ts';
import { validate } from '../../schema/validate.ts';
import type { Ask } from '../ask.ts';
import { nano } from './nano.ts';

const specials = ['<|end|>', '<|call|>', '<|skip|>', '<|tools|>'];
/** Every byte is a token, and so are these special tokens. */
const vocabulary: Vocabulary = {
  size: 256 + specials.length,
  bytes: (id) => (id < 256 ? Uint8Array.of(id) : new Uint8Array()),
  special: (id) => specials[id - 256],
};

/** A small generator of numbers in [0, 1), the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function allowedIds(cursor: Cursor): number[] {
  const bits = cursor.allowed(vocabulary);
  return Array.from({ length: vocabulary.size }, (_, id) => id).filter(
    (id) => ((bits[id >> 5] ?? 0) >>> (id & 31)) & 1,
  );
}

/** Line breaks and quotes are taken often, so that values end. */
function pick(ids: readonly number[], random: () => number, isLate: boolean): number {
  const ending = ids.filter((id) => id >= 256 || [0x0a, 0x22, 0x5d, 0x7d].includes(id));
  const letters = ids.filter((id) => id >= 0x20 && id < 0x7f);
  const pool =
    ending.length > 0 && (isLate || random() < 0.25) ? ending : random() < 0.8 && letters.length > 0 ? letters : ids;
  return pool[Math.floor(random() * pool.length)] ?? -1;
}

/** An answer the grammar lets through; undefined if the walk found no end. */
function walk(cursor: Cursor, random: () => number): Piece[] | undefined {
  const pieces: Piece[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) pieces.push({ text: new TextDecoder().decode(Uint8Array.from(bytes)), tokens: 1 });
    bytes = [];
  };
  for (let step = 0; step < 6000; step++) {
    if (cursor.mustEnd() || (cursor.mayEnd() && random() < 0.4)) {
      flush();
      return pieces;
    }
    const id = pick(allowedIds(cursor), random, step > 1500);
    expect(id).not.toBe(-1);
    const special = vocabulary.special(id);
    if (special === undefined) {
      expect(cursor.accept(Uint8Array.of(id))).toBe(true);
      bytes.push(id);
      continue;
    }
    expect(cursor.acceptSpecial(special)).toBe(true);
    flush();
    pieces.push({ text: '', special, tokens: 1 });
  }
  return undefined;
}

const object = (properties: Record<string, JsonSchema>, ...required: string[]): JsonSchema => ({
  type: 'object',
  properties,
  required,
});
const schemas: Record<string, JsonSchema> = {
  empty: object({}),
  strings: object(
    {
      a: { type: 'string' },
      b: { type: ['string', 'null'] },
      c: { type: 'string', minLength: 3, maxLength: 5 },
      d: { type: 'string', format: 'date' },
    },
    'a',
    'd',
  ),
  numbers: object(
    {
      i: { type: 'integer', minimum: -3, maximum: 120 },
      n: { type: ['number', 'null'] },
      p: { type: 'number', minimum: 0 },
      b: { type: 'boolean' },
    },
    'i',
    'b',
  ),
  enums: object(
    {
      e: { enum: ['1', 1, null, 'null', ' x', { a: [1] }, 'ok'] },
      t: { type: 'string', enum: ['a', 'b', 3] },
      c: { const: 'always "so"' },
    },
    'e',
    'c',
  ),
  nested: object(
    {
      o: object({ x: { type: 'integer' }, p: object({ y: { type: 'string' } }) }),
      q: object({ z: { type: 'boolean' }, w: { type: 'array' } }, 'z'),
    },
    'o',
    'q',
  ),
  bare_nested: object({ o: object({ p: object({ y: { type: 'boolean' } }) }, 'p'), 'k.e"y': { type: 'boolean' } }, 'o'),
  lists: object(
    {
      l: { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 4 },
      s: { type: 'array', items: { type: 'string' }, maxItems: 3 },
    },
    'l',
  ),
  unions: object(
    {
      u: { anyOf: [{ type: 'integer' }, { type: 'array', items: { type: 'boolean' }, maxItems: 2 }] },
      m: { type: 'object', additionalProperties: { type: 'integer' }, maxProperties: 2 },
    },
    'u',
  ),
  references: {
    $defs: { node: object({ v: { type: 'boolean' }, next: { $ref: '#/$defs/node' } }, 'v') },
    ...Object(object({ n: { $ref: '#/$defs/node' } }, 'n')),
  },
  whole: {
    anyOf: [object({ a: { type: 'boolean' } }, 'a'), object({ b: { type: 'integer', maximum: 9, minimum: 0 } }, 'b')],
  },
};

const messages: Message[] = [
  { role: 'user', content: 'Move "Ann Lee" to Oslo, then 去上海 by rail.\nBack \\ soon', path: 'messages[0]' },
];
const tools = Object.entries(schemas).map(
  ([name, parameters]): Tool => ({ name, description: '', parameters, path: 'tools[0]' }),
);

function checkWalks(ask: Ask, seed: number, count: number): number {
  const plan = nano.answer(ask);
  const { grammar } = plan.constraint;
  if (grammar === undefined) return 0;
  const compiled = compileGrammar(grammar);
  const random = numbers(seed);
  let calls = 0;
  for (let run = 0; run < count; run++) {
    const pieces = walk(compiled.start(), random);
    if (pieces === undefined) continue;
    const parser = plan.parser(() => 'id');
    const events = [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end('stop')];
    let open = { name: '', json: '' };
    for (const event of events) {
      if (event.type === 'call-start') open = { name: event.name, json: '' };
      if (event.type === 'call-delta') open.json += event.json;
      if (event.type !== 'call-end') continue;
      calls++;
      expect(event.outcome, open.json).toBe('ok');
      const relaxed = plan.relaxed.get(open.name) ?? [];
      const wrong = validate(schemas[open.name] ?? false, JSON.parse(open.json)).filter(
        ({ keyword }) => !relaxed.includes(keyword),
      );
      expect(wrong, `${open.name} ${open.json}`).toEqual([]);
    }
  }
  return calls;
}

const ask = (more: Partial<Ask>): Ask => ({
  tools,
  choice: { type: 'required' },
  parallel: true,
  messages,
  promptEnd: 'text',
  language: 'en',
  ...more,
});

describe('random walks', () => {
  it.each(tools.map((tool) => [tool.name, tool] as const))('of %s end in valid calls', (_, tool) => {
    expect(checkWalks(ask({ tools: [tool], parallel: false }), 3, 25)).toBeGreaterThan(15);
    expect(checkWalks(ask({ tools: [tool], copyOnly: true }), 4, 25)).toBeGreaterThan(15);
  });

  it('through several tools end in valid calls', () => {
    expect(checkWalks(ask({ tools: tools.slice(1, 5) }), 5, 40)).toBeGreaterThan(30);
    expect(checkWalks(ask({ copyOnly: true }), 6, 40)).toBeGreaterThan(30);
    checkWalks(ask({ choice: { type: 'auto' } }), 7, 20);
  });

  it('enforce all of a plain schema', () => {
    const plan = nano.answer(ask({ copyOnly: true }));
    for (const name of ['empty', 'numbers', 'enums', 'nested', 'references', 'whole', 'lists'])
      expect(plan.relaxed.get(name)).toEqual([]);
    expect(plan.relaxed.get('strings')).toEqual(['maxLength', 'minLength']);
  });
});
