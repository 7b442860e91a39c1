import { describe, expect, it } from 'vitest';
import { parseExact, printExact } from '../base/json.ts';
import { unwrapArguments } from './mend-wrapping.ts';

function unwrapped(text: string): string | undefined {
  const value = parseExact(text);
  const inside = value instanceof Map ? unwrapArguments(value, 'f') : undefined;
  return inside && printExact(inside);
}

describe('unwrapArguments', () => {
  it.each([
    '{"arguments":{"a":1}}',
    '{"name":"f","parameters":{"a":1}}',
    '{"type":"function","function":{"name":"f","arguments":{"a":1}}}',
    '{"tool":"f","input":{"a":1}}',
  ])('finds them in %s', (text) => expect(unwrapped(text)).toBe('{"a":1}'));

  it.each([
    '{"a":1}',
    '{"name":"g","arguments":{"a":1}}',
    '{"arguments":{"a":1},"b":2}',
    '{"arguments":[1]}',
    '{"function":{"a":1}}',
    '{"name":"f"}',
  ])('finds none in %s', (text) => expect(unwrapped(text)).toBeUndefined());
});
