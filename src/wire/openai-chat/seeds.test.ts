/** Both seeds' requests, as written, through decode. */

import { describe, expect, it } from 'vitest';
import { jsonSchemaDialect, listDialect } from '../../../test/fixtures/seed-requests.ts';
import { openaiChat } from './protocol.ts';

const context = { created: 1, report: false };

describe('the first seed', () => {
  it('becomes a JSON Schema tool, and its answer wears the envelope', () => {
    const { request, reply } = openaiChat.decode(listDialect, context);
    expect(request.tools).toEqual([
      {
        name: 'amap_weather',
        description: 'amap weather tool',
        parameters: {
          type: 'object',
          properties: {
            location: { type: 'string', description: '城市/区具体名称，如`北京市海淀区`请描述为`海淀区`' },
          },
          required: ['location'],
        },
        path: 'tools[0].function.parameters',
      },
    ]);
    expect(request.warnings).toEqual([]);
    expect(reply).toEqual({
      stream: false,
      model: 'Qwen2-7B-Instruct',
      created: 1,
      includeUsage: false,
      envelope: true,
      report: false,
    });
  });
});

describe('the second seed', () => {
  it('keeps its schema as written, key order included', () => {
    const { request, reply } = openaiChat.decode(jsonSchemaDialect, context);
    const [asked] = jsonSchemaDialect.tools;
    expect(JSON.stringify(request.tools[0]?.parameters)).toBe(JSON.stringify(asked?.function.parameters));
    expect(asked?.function.parameters).toBeDefined();
    expect(request.toolChoice).toEqual({ type: 'auto' });
    expect(reply.envelope).toBe(false);
  });

  it('may mix its dialect with the first seed, and with a bare tool', () => {
    const listed = { function: { name: 'a', parameters: [{ name: 'x', type: 'int', required: true }] } };
    const bare = { name: 'b', description: 'd', parameters: { type: 'object', properties: {} } };
    const { request, reply } = openaiChat.decode(
      { ...jsonSchemaDialect, tools: [...jsonSchemaDialect.tools, listed, bare] },
      context,
    );
    expect(request.tools.map(({ name, path }) => `${name} ${path}`)).toEqual([
      'get_current_weather tools[0].function.parameters',
      'a tools[1].function.parameters',
      'b tools[2].parameters',
    ]);
    expect(request.tools[1]?.parameters).toEqual({
      type: 'object',
      properties: { x: { type: 'integer' } },
      required: ['x'],
    });
    expect(reply.envelope).toBe(true);
  });
});
