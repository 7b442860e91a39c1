/** What the automaton lets a model write for the official suite's schemas is valid wherever nothing is relaxed. */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isAppError } from '../../src/base/errors.ts';
import { type Cursor, compileGrammar } from '../../src/grammar/automaton.ts';
import { grammarFromSchema } from '../../src/grammar/from-schema.ts';
import type { Vocabulary } from '../../src/grammar/vocabulary.ts';
import { checkSchema } from '../../src/schema/check-schema.ts';
import { isSchema, type JsonSchema } from '../../src/schema/json-schema.ts';
import { normaliseSchema } from '../../src/schema/normalise-schema.ts';
import { validate } from '../../src/schema/validate.ts';

const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
const vocabulary: Vocabulary = { size: 256, bytes: (id) => bytes[id] ?? new Uint8Array(), special: () => undefined };
const maxLength = 1_500;
const walksEach = 3;

/** A small generator of our own, so that the walks are the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Closing bytes often, then letters and digits, now and then anything allowed. */
function pick(ids: readonly number[], random: () => number): number {
  const closing = ids.filter((id) => id === 0x22 || id === 0x5d || id === 0x7d);
  const plain = ids.filter((id) => (id >= 0x30 && id < 0x7b) || id === 0x2c);
  const from = closing.length > 0 && random() < 0.4 ? closing : plain.length > 0 && random() < 0.8 ? plain : ids;
  return from[Math.floor(random() * from.length)] ?? 0;
}

function write(cursor: Cursor, random: () => number): string | undefined {
  const out: number[] = [];
  while (out.length < maxLength) {
    if (cursor.mayEnd() && (cursor.mustEnd() || random() < 0.3)) return new TextDecoder().decode(Uint8Array.from(out));
    const mask = cursor.allowed(vocabulary);
    const allowed = bytes.flatMap((_, id) => (((mask[id >> 5] ?? 0) >>> (id & 31)) & 1 ? [id] : []));
    const byte = pick(allowed, random);
    expect(cursor.accept(Uint8Array.of(byte))).toBe(true);
    out.push(byte);
  }
  return undefined;
}

function compiled(given: unknown): { readonly schema: JsonSchema; readonly start: () => Cursor } | undefined {
  try {
    checkSchema(given, 'schema');
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
  if (typeof given !== 'boolean' && !isObjectSchema(given)) return undefined;
  const schema = normaliseSchema(given);
  const { node, rules, relaxed } = grammarFromSchema(schema, { rulePrefix: 's' });
  if (relaxed.length > 0) return undefined;
  const grammar = compileGrammar({ root: node, rules });
  return { schema, start: () => grammar.start() };
}

function isObjectSchema(value: unknown): value is Exclude<JsonSchema, boolean> {
  return isSchema(JSON.parse(JSON.stringify(value))) && typeof value === 'object';
}

for (const draft of ['draft-07', '2020-12'])
  it(`${draft}: what is written for wholly enforced schemas is valid`, () => {
    const random = randomFrom(20_261_121);
    const lines = readFileSync(new URL(`suite/${draft}.jsonl`, import.meta.url), 'utf8').split('\n');
    let written = 0;
    for (const line of lines.filter((text) => text !== '')) {
      const grammar = compiled(JSON.parse(line).schema);
      for (let walk = 0; grammar !== undefined && walk < walksEach; walk++) {
        const text = write(grammar.start(), random);
        if (text === undefined) continue;
        written++;
        expect(validate(grammar.schema, JSON.parse(text)), `${JSON.stringify(grammar.schema)} ${text}`).toEqual([]);
      }
    }
    expect(written).toBeGreaterThan(500);
  });
