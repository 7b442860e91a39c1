/** The two requests that this server exists to answer, as their documents write them. */

/** A tool whose parameters are a list, asked about in Chinese. */
export const listDialect = {
  tools: [
    {
      type: 'function',
      function: {
        name: 'amap_weather',
        description: 'amap weather tool',
        parameters: [
          {
            name: 'location',
            type: 'string',
            description: '城市/区具体名称，如`北京市海淀区`请描述为`海淀区`',
            required: true,
          },
        ],
      },
    },
  ],
  tool_choice: 'auto',
  model: 'Qwen2-7B-Instruct',
  messages: [{ content: '海淀区天气', role: 'user' }],
};

/** A tool whose parameters are a JSON Schema, asked about in English. */
export const jsonSchemaDialect = {
  model: 'qwen2.5-7b-instruct',
  messages: [{ role: 'user', content: "What's the weather like in Boston today?" }],
  tools: [
    {
      type: 'function',
      function: {
        name: 'get_current_weather',
        description: 'Get the current weather in a given location',
        parameters: {
          type: 'object',
          properties: {
            location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' },
            unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
          },
          required: ['location'],
        },
      },
    },
  ],
  tool_choice: 'auto',
};
