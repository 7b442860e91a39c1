import { describe, expect, it } from 'vitest';
import { weather } from '../../test/fixtures/answering-world.ts';
import type { JsonSchema, Tool, ToolChoice } from '../chat/tool.ts';
import { CallCheck } from './call-check.ts';

const check = (choice: ToolChoice = { type: 'auto' }, tools: readonly Tool[] = [weather]) =>
  new CallCheck(tools, choice);
const tool = (parameters: JsonSchema): Tool => ({ ...weather, parameters });

describe('repair', () => {
  it.each<readonly [string, string, readonly string[]]>([
    ['{"city":"Oslo"}', '{"city":"Oslo"}', []],
    ['{ "city" : "Oslo" , "x": 1e400 }', '{ "city" : "Oslo" , "x": 1e400 }', []],
    ["{'city': 'Oslo'}", '{"city":"Oslo"}', ['single-quotes']],
    ['{"city": "Oslo"', '{"city":"Oslo"}', ['missing-brackets']],
    ['```json\n{"city": "Oslo"}\n```', '{"city":"Oslo"}', ['fence']],
    ['"{\\"city\\": \\"Oslo\\"}"', '{"city":"Oslo"}', ['double-encoded']],
    ['{"city": 123}', '{"city":"123"}', ['number-to-string at city']],
    ['{"city": 12345678901234567890}', '{"city":"12345678901234567890"}', ['number-to-string at city']],
    ['{"city": "the "big" one", "days": 2}', '{"city":"the \\"big\\" one","days":2}', ['inner-quotes']],
    ['{"City": "Oslo"}', '{"city":"Oslo"}', ['renamed-property at City']],
    ['{"city": "Oslo", "days": null}', '{"city":"Oslo"}', ['dropped-null at days']],
    ['{"name": "get_weather", "arguments": {"city": "Oslo"}}', '{"city":"Oslo"}', ['unwrapped-arguments']],
    [
      '{"parameters": {"city": "Oslo", "days": "2"}}',
      '{"city":"Oslo","days":2}',
      ['unwrapped-arguments', 'string-to-integer at days'],
    ],
  ])('%s', (json, repaired, mended) => {
    expect(check().repair({ name: 'get_weather', json })).toEqual({
      name: 'get_weather',
      json: repaired,
      mended,
      problems: [],
    });
  });

  it.each([
    ['{"city": NaN}', /not JSON/],
    ['{"city": "a"}{"city": "b"}', /not JSON/],
    ['{"city": "Os', /not JSON/],
    ['[1]', /not a JSON object/],
    ['{"days": 3}', /city/],
    ['{"city": "Oslo", "days": "many"}', /days/],
    [`{"city": ${'['.repeat(500)}`, /not JSON/],
  ])('finds no one reading of %s', (json, problem) => {
    const { problems, json: kept } = check().repair({ name: 'get_weather', json });
    expect(problems.join()).toMatch(problem);
    expect(kept).toBe(json);
  });

  it('applies no defaults and drops only what a closed schema forbids', () => {
    const parameters = { type: 'object', properties: { a: { type: 'integer', default: 1 }, b: { type: 'integer' } } };
    const call = { name: 'get_weather', json: '{"b":"2","c":3}' };
    expect(check(undefined, [tool(parameters)]).repair(call).json).toBe('{"b":2,"c":3}');
    const closed = tool({ ...parameters, additionalProperties: false });
    expect(check(undefined, [closed]).repair(call).json).toBe('{"b":2}');
  });

  it('mends names, but never into a tool that may not be called', () => {
    expect(check().repair({ name: 'Get-Weather', json: '{"city":"Oslo"}' })).toMatchObject({
      name: 'get_weather',
      problems: [],
    });
    expect(check().repair({ name: 'rm_rf', json: '{}' }).problems).toEqual([
      "there is no tool 'rm_rf', only 'get_weather'",
    ]);
    for (const choice of [{ type: 'none' }, { type: 'tool', name: 'b' }, { type: 'auto', allowed: [] }] as const)
      expect(check(choice).repair({ name: 'Get-Weather', json: '{"city":"Oslo"}' }).problems).toHaveLength(1);
  });
});
