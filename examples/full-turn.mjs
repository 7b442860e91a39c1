/** A whole turn without any SDK: the model calls, we answer, the model speaks. */

const url = 'http://127.0.0.1:31512/v1/chat/completions';
const model = 'aimindserve-nano';
const city = { type: 'string', description: 'Name of the city' };
const parameters = { type: 'object', properties: { city }, required: ['city'] };
const weather = { name: 'get_weather', description: 'Get the current weather of a city', parameters };
const tools = [{ type: 'function', function: weather }];

async function ask(messages) {
  const body = JSON.stringify({ model, messages, tools });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error.message);
  return answer.choices[0].message;
}

const messages = [{ role: 'user', content: 'What is the weather in Paris?' }];
const called = await ask(messages);
messages.push(called);
for (const call of called.tool_calls ?? []) {
  console.log('→', call.function.name, call.function.arguments);
  messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify({ temperature: 21, sky: 'clear' }) });
}
const spoken = await ask(messages);
console.log(spoken.content ?? spoken.tool_calls);
