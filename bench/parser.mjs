/** Reading calls from a stream of small chunks. */

import { findFormat } from '../dist/formats/index.js';
import { compare, printTable, ratio, short } from './measure.mjs';
import { loadToolParser } from './peers.mjs';
import { askFor } from './tools.mjs';

const parameters = {
  type: 'object',
  properties: { path: { type: 'string' }, content: { type: 'string' } },
  required: ['path', 'content'],
};
const tool = { name: 'write_file', description: 'Writes a file', parameters, path: 'tools[0]' };
const sentence = 'The answer depends on "what" you measure, e.g. <b>time</b> or {memory}; 3 < 4 and so on.\n';
const prose = (size) => sentence.repeat(Math.ceil(size / sentence.length)).slice(0, size);
const cut = (text, size) => text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];

const xmlCall = (content) =>
  `<tool_call>\n<function=write_file>\n<parameter=path>\na.txt\n</parameter>\n<parameter=content>\n${content}\n</parameter>\n</function>\n</tool_call>`;
const jsonCall = (content) =>
  `<tool_call>\n${JSON.stringify({ name: 'write_file', arguments: { path: 'a.txt', content } })}\n</tool_call>`;
const styles = [
  { format: 'hermes', peer: 'hermesProtocol', call: jsonCall },
  { format: 'qwen-3-coder', peer: 'qwen3CoderProtocol', call: xmlCall },
];

function readOurs(format, chunks) {
  const parser = format.answer(askFor([tool])).parser(() => 'id');
  let calls = 0;
  let letters = 0;
  const take = (events) => {
    for (const event of events)
      if (event.type === 'call-end' && event.outcome === 'ok') calls++;
      else if (event.type === 'text-delta') letters += event.text.length;
  };
  for (const text of chunks) take(parser.push({ text, tokens: 1 }));
  take(parser.end('stop'));
  return { calls, letters };
}

async function readTheirs(protocol, chunks) {
  const tools = [{ type: 'function', name: tool.name, inputSchema: parameters }];
  const parser = protocol.createStreamParser({ tools });
  const writer = parser.writable.getWriter();
  const writing = (async () => {
    for (const delta of chunks) await writer.write({ type: 'text-delta', id: '0', delta });
    await writer.close();
  })();
  let calls = 0;
  let letters = 0;
  for await (const part of parser.readable)
    if (part.type === 'tool-call') calls++;
    else if (part.type === 'text-delta') letters += part.delta.length;
  await writing;
  return { calls, letters };
}

/** The table: microseconds a chunk. */
export async function run() {
  const peers = await loadToolParser();
  const rows = [['text', 'chunks', 'ours µs', 'peer µs', 'ours/peer', 'ours MB/s', 'read by us / by peer']];
  for (const { format: name, peer, call } of styles) {
    const format = findFormat(name);
    if (format === undefined) continue;
    const texts = [
      ['100 kB prose', prose(100_000), 4],
      ['call, 20 kB string', call(prose(20_000)), 4],
      ['call, 165 kB string', call(prose(165_000)), 4],
      ['call, 165 kB, big chunks', call(prose(165_000)), 16_384],
    ];
    for (const [what, text, size] of texts)
      rows.push(await measure(`${name}: ${what}`, cut(text, size), { format, peer: peers?.[peer] }));
  }
  printTable(rows);
}

async function measure(what, chunks, { format, peer }) {
  const found = [readOurs(format, chunks), peer && (await readTheirs(peer(), chunks))];
  const read = found.map((each) =>
    each === undefined ? '–' : each.calls > 0 ? `${each.calls} call` : `${each.letters} letters`,
  );
  const candidates = { ours: () => readOurs(format, chunks), ...(peer && { peer: () => readTheirs(peer(), chunks) }) };
  const times = await compare(candidates, 5);
  const each = (time) => (time === undefined ? undefined : (time * 1000) / chunks.length);
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const speed = size / 1e6 / (times.ours / 1000);
  return [
    what,
    chunks.length,
    short(each(times.ours)),
    short(each(times.peer)),
    ratio(times.ours, times.peer),
    short(speed),
    read.join(' / '),
  ];
}
