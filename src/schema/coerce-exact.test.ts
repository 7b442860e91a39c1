import { describe, expect, it } from 'vitest';
import { parseExact, printExact } from '../base/json.ts';
import { coerceExact } from './coerce-exact.ts';
import type { JsonSchema } from './json-schema.ts';

const integer: JsonSchema = { type: 'integer' };
const text: JsonSchema = { type: 'string' };

describe('coerceExact', () => {
  it.each<readonly [JsonSchema, string, string]>([
    [
      { properties: { a: integer } },
      '{"b":12345678901234567890,"2":1.0,"1":-0,"a":"3"}',
      '{"b":12345678901234567890,"2":1.0,"1":-0,"a":3}',
    ],
    [{ properties: { id: integer } }, '{"id":"12345678901234567890"}', '{"id":12345678901234567890}'],
    [{ properties: { id: text } }, '{"id":12345678901234567890}', '{"id":"12345678901234567890"}'],
    [{ properties: { id: text } }, '{"id":1.50}', '{"id":"1.50"}'],
    [{ properties: { n: { type: 'number' } } }, '{"n":" +1e3 "}', '{"n":1e3}'],
    [{ properties: { n: integer } }, '{"n":"007"}', '{"n":7}'],
    [
      { properties: { ids: { type: 'array', items: text } } },
      '{"ids":12345678901234567890}',
      '{"ids":["12345678901234567890"]}',
    ],
    [
      { properties: { o: { type: 'object' } } },
      '{"o":"{\\"2\\":12345678901234567890,\\"1\\":0}"}',
      '{"o":{"2":12345678901234567890,"1":0}}',
    ],
    [{ properties: { id: integer }, required: ['id'] }, '{"ID":12345678901234567890}', '{"id":12345678901234567890}'],
    [{ properties: { a: integer } }, '{"__proto__":{"x":1},"a":"1"}', '{"__proto__":{"x":1},"a":1}'],
  ])('%j: %s', (schema, written, coerced) => {
    expect(printExact(coerceExact(schema, parseExact(written)).value)).toBe(coerced);
  });

  it('hands back what is valid as it is', () => {
    const written = parseExact('{"a":1}');
    expect(coerceExact({ properties: { a: integer } }, written)).toEqual({ value: written, changes: [] });
  });
});
