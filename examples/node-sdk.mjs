import OpenAI from 'openai';

const client = new OpenAI({ baseURL: 'http://127.0.0.1:31512/v1', apiKey: 'empty' });
const parameters = {
  type: 'object',
  properties: { city: { type: 'string', description: 'Name of the city' } },
  required: ['city'],
};

const completion = await client.chat.completions.create({
  model: 'aimindserve-nano',
  messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
  tools: [
    {
      type: 'function',
      function: { name: 'get_weather', description: 'Get the current weather of a city', parameters },
    },
  ],
});
for (const call of completion.choices[0].message.tool_calls ?? []) {
  console.log(call.function.name, call.function.arguments);
}
