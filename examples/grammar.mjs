/** From a JSON Schema to a grammar: which bytes may come next, which must, and the same as GBNF for llama.cpp. */

import { compileGrammar, grammarFromSchema, printGbnf, sequence, text } from 'aimindserve/grammar';

const city = { enum: ['Paris', 'Palermo', 'Oslo'] };
const days = { type: 'integer', minimum: 1, maximum: 14 };
const schema = { type: 'object', properties: { city, days }, required: ['city'] };
const { node, rules, relaxed } = grammarFromSchema(schema, { rulePrefix: 'arguments-' });
const grammar = { root: sequence(text('get_weather('), node, text(')')), rules };
console.log('not enforced:', relaxed);

const cursor = compileGrammar(grammar).start();
const decoder = new TextDecoder();
const encoder = new TextEncoder();
console.log('forced:', decoder.decode(cursor.forced()));
cursor.accept(encoder.encode('get_weather({"city":"P'));
const bytes = { size: 256, bytes: (id) => Uint8Array.of(id), special: () => undefined };
const mask = cursor.allowed(bytes);
const allowed = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => (mask[byte >> 5] >> (byte & 31)) & 1);
console.log('allowed after "P":', String.fromCharCode(...allowed));
console.log('Paris?', cursor.accept(encoder.encode('aris"})')), cursor.mayEnd());
console.log(printGbnf(grammar).text);
