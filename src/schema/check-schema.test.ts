import { describe, expect, it } from 'vitest';
import { checkSchema } from './check-schema.ts';

const problem = (schema: unknown): unknown => {
  try {
    checkSchema(schema, 'tools[0]');
    return undefined;
  } catch (error) {
    return error;
  }
};
const param = (path: string): unknown => expect.objectContaining({ code: 'invalid_schema', detail: { param: path } });

describe('references', () => {
  it('to nowhere are refused with their place', () => {
    const nowhere = { properties: { a: { items: [{}, { $ref: '#/$defs/b' }] } } };
    expect(problem(nowhere)).toEqual(param('tools[0].properties.a.items[1].$ref'));
    expect(problem({ anyOf: [{ $ref: '#name' }] })).toEqual(param('tools[0].anyOf[0].$ref'));
  });

  it('to other documents are said not to be fetched', () => {
    expect(problem({ $ref: 'https://example.com/a.json' })).toMatchObject({
      message: expect.stringContaining('not fetched'),
    });
    expect(problem({ properties: { a: { $ref: 'http://json-schema.org/draft-07/schema#' } } })).toBeUndefined();
  });

  it('by address and anchor are found', () => {
    const schema = {
      $id: 'https://example.com/root.json',
      properties: {
        a: { $ref: 'item.json' },
        b: { $ref: '#here' },
        c: { $ref: 'item.json#/$defs/x' },
        d: { $ref: '#/$defs/i' },
      },
      $defs: { i: { $id: 'item.json', type: 'string', $defs: { x: true } }, h: { $anchor: 'here' } },
    };
    expect(problem(schema)).toBeUndefined();
  });
});

describe('schemas no finite value can satisfy', () => {
  const endless = [
    { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] },
    { $ref: '#' },
    { anyOf: [{ $ref: '#' }, { allOf: [{ $ref: '#' }, {}] }] },
    { type: 'array', minItems: 1, items: { $ref: '#' } },
  ];
  const ending = [
    { type: 'object', properties: { next: { $ref: '#' } } },
    { type: ['object', 'null'], properties: { next: { $ref: '#' } }, required: ['next'] },
    { type: 'object', properties: { next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }, required: ['next'] },
    { type: 'array', items: { $ref: '#' } },
    { type: 'object', dependencies: { a: ['b'] } },
  ];

  it('are refused', () => {
    for (const schema of endless) expect(problem(schema), JSON.stringify(schema)).toEqual(param('tools[0]'));
    for (const schema of ending) expect(problem(schema), JSON.stringify(schema)).toBeUndefined();
  });

  it('of 100 kB are refused soon', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 1500 }, (_, index) => [
        `d${index}`,
        { type: 'object', properties: { a: { $ref: `#/$defs/d${(index + 1) % 1500}` } }, required: ['a'] },
      ]),
    );
    expect(problem({ $ref: '#/$defs/d0', $defs })).toEqual(param('tools[0]'));
  });
});
