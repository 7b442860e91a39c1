/** Writes a call as a Hermes-trained model would, and reads it back from chunks of any size. */

import { findFormat, promptText } from 'aimindserve/formats';

const hermes = findFormat('hermes');
const city = { type: 'string' };
const tool = {
  name: 'get_weather',
  description: 'Get the current weather of a city',
  parameters: { type: 'object', properties: { city }, required: ['city'] },
  path: 'tools[0]',
};
const tools = [tool];

const calls = [{ id: 'call-1', name: 'get_weather', arguments: '{"city": "Paris"}' }];
const written = promptText(hermes.render({ text: 'Let me look.', calls, tools }));
console.log(written);

const ask = { tools, choice: { type: 'auto' }, parallel: true, messages: [], promptEnd: 'text', language: 'en' };
const plan = hermes.answer(ask);
const parser = plan.parser(() => 'call-1');
for (const chunk of written.match(/[\s\S]{1,5}/g) ?? [])
  for (const event of parser.push({ text: chunk, tokens: 1 })) console.log(JSON.stringify(event));
for (const event of parser.end('stop')) console.log(JSON.stringify(event));
