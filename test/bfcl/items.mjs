/** Items of a folder in BFCL's form as requests: a seeded sample, in both dialects of tools, in every mode. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What may be asked of the calls of one answer. */
export const modes = [
  { name: 'auto', choice: () => 'auto', parallel: true },
  { name: 'auto single', choice: () => 'auto', parallel: false },
  { name: 'required', choice: () => 'required', parallel: true },
  { name: 'required single', choice: () => 'required', parallel: false },
  { name: 'named', choice: named, parallel: true },
  { name: 'none', choice: () => 'none', parallel: true },
];

function named(tools, random) {
  const tool = tools[Math.floor(random() * tools.length)];
  return { type: 'function', function: { name: tool.function.name } };
}

/** Numbers in [0, 1) that a seed decides (a linear congruence whose high bits are used). */
export function createRandom(seed) {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** `perFile` items of each file, or all: id, messages, tools; a conversation is cut at a place that chance picks. */
export function readItems(folder, { perFile, random }) {
  const toolsets = JSON.parse(readFileSync(join(folder, 'toolsets.json'), 'utf8'));
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return files.sort().flatMap((file) => {
    const lines = readFileSync(join(folder, file), 'utf8').split('\n');
    const items = lines.filter((line) => line !== '').map((line) => JSON.parse(line));
    const read = (item) => (item.turns === undefined ? item : cutConversation(item, toolsets, random));
    return sample(items, perFile, random)
      .map(read)
      .filter(({ tools }) => tools.length > 0);
  });
}

function sample(items, count, random) {
  const rest = [...items];
  const take = () => rest.splice(Math.floor(random() * rest.length), 1);
  return Array.from({ length: Math.min(count, items.length) }, take).flat();
}

/** The conversation up to a call of a turn, with the calls before it and their results. */
function cutConversation({ id, tools_ref: names, tools_withheld: withheld = [], turns }, toolsets, random) {
  const last = Math.floor(random() * turns.length);
  const shown = turns.slice(0, last + 1);
  const hidden = new Set(withheld);
  for (const name of shown.flatMap((turn) => turn.add_tools ?? [])) hidden.delete(name);
  const steps = Math.floor(random() * ((turns[last].calls?.length ?? 0) + 1));
  let count = 0;
  const messages = shown.flatMap((turn, index) => {
    const calls = index < last ? turn.calls : turn.calls.slice(0, steps);
    const made = calls.flatMap((call) => exchange(call, `call_${String(count++).padStart(9, '0')}`));
    return [...turn.messages, ...made, ...(index < last ? [{ role: 'assistant', content: 'Done.' }] : [])];
  });
  const tools = names.flatMap((name) => toolsets[name]).filter((tool) => !hidden.has(tool.function.name));
  return { id: `${id}#${last}.${steps}`, messages, tools };
}

function exchange({ name, arguments: values, result }, id) {
  const call = { id, type: 'function', function: { name, arguments: JSON.stringify(values) } };
  return [
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: id, content: result },
  ];
}

/** The same tools with parameters as a list, and as what JSON Schema each of them is then to be understood. */
export function asListDialect(tools) {
  const inLists = tools.map((tool) => {
    const { properties = {}, required = [] } = tool.function.parameters;
    const parameters = Object.entries(properties).map(([name, schema]) => ({
      ...schema,
      name,
      required: required.includes(name),
    }));
    return { ...tool, function: { ...tool.function, parameters } };
  });
  return { tools: inLists, schemas: tools.map((tool) => withoutInnerRequired(tool.function.parameters)) };
}

/** In a list `required` is about the parameter itself, so an object parameter cannot demand members of its own. */
function withoutInnerRequired({ properties = {}, required = [] }) {
  const open = Object.entries(properties).map(([name, { required: _inner, ...schema }]) => [name, schema]);
  return { type: 'object', properties: Object.fromEntries(open), required };
}
