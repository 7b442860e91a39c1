/** Reads the body of a chat completion request, and writes an answer's events as server-sent events. */

import { openaiChat, toAppError } from 'aimindserve/wire';

const city = { type: 'string' };
const weather = { name: 'get_weather', parameters: { type: 'object', properties: { city } } };
const body = {
  model: 'any',
  messages: [{ role: 'user', content: 'Is it raining in Paris?' }],
  tools: [{ type: 'function', function: weather }],
  stream: true,
};
const { request, reply } = openaiChat.decode(body, { created: 0, report: false });
console.log(request.tools[0].name, 'for', request.messages[0].content);

const frames = openaiChat.frames(reply);
const events = [
  { type: 'start', id: 'chatcmpl-1', choice: 0 },
  { type: 'call-start', index: 0, id: 'call_1', name: 'get_weather', choice: 0 },
  { type: 'call-delta', index: 0, json: '{"city": "Paris"}', choice: 0 },
  { type: 'call-end', index: 0, outcome: 'ok', choice: 0 },
  { type: 'finish', reason: 'tool_calls', choice: 0 },
];
for (const event of events) process.stdout.write(frames.encode(event));
process.stdout.write(frames.end());
console.log(openaiChat.failure(toAppError(new Error('for example'))));
