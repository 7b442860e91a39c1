/** What the HTTP server and its meter add to a request, the engine being a script that answers at once. */

import { Agent, request as httpRequest } from 'node:http';
import { fastify } from 'fastify';
import { createMeter } from '../dist/answering/usage-meter.js';
import { randomHex, systemClock } from '../dist/base/clock.js';
import { silentLog } from '../dist/base/log.js';
import { createHttpApp } from '../dist/http/app.js';
import { defaultLimits } from '../dist/http/limits.js';
import { openStore } from '../dist/store/database.js';
import { openaiChat } from '../dist/wire/openai-chat/protocol.js';
import { percentile, printTable, ratio, short } from './measure.mjs';
import { makeTools } from './tools.mjs';

const deltas = 100;
const model = {
  name: 'm',
  createdAt: 0,
  contextLength: 4096,
  maxOutputTokens: 1024,
  capabilities: ['chat', 'tools'],
  state: 'ready',
};
const tools = makeTools(6).map(({ name, description, parameters }) => ({
  type: 'function',
  function: { name, description, parameters },
}));
const question = { model: 'm', messages: [{ role: 'user', content: 'Which invoices are open? '.repeat(40) }], tools };

async function* answer() {
  yield { type: 'start', choice: 0, id: 'chatcmpl-1' };
  for (let index = 0; index < deltas; index++) yield { type: 'text-delta', choice: 0, text: ' word' };
  yield { type: 'finish', choice: 0, reason: 'stop' };
  yield { type: 'usage', usage: { promptTokens: 7, completionTokens: deltas, cachedTokens: 0 } };
}

const ticket = { headers: {}, promptTokens: 0, move: () => {}, settle: () => {}, release: () => {} };

async function startOurs() {
  const tools = { clock: systemClock, log: silentLog };
  const store = await openStore({ ...tools, path: ':memory:', backupsFolder: '/nowhere' });
  const meter = await createMeter({ ...tools, db: store.db, randomHex, deploymentOf: () => model.name });
  const app = createHttpApp({
    ...{ ...tools, complete: answer, protocols: [openaiChat], models: () => [model], limits: defaultLimits, meter },
    ...{ authenticate: async () => ({ kind: 'local' }), door: { admit: () => ticket, headers: () => ({}) } },
  });
  const port = await app.listen({ host: '127.0.0.1', port: 0 });
  const close = async () => {
    await app.close(0);
    await meter.close();
    await store.close();
  };
  return { port, close };
}

/** Parses the body and writes as many bytes in as many writes, and does nothing else. */
async function startBare() {
  const app = fastify();
  const chunk = 'x'.repeat(180);
  app.post('/v1/chat/completions', (request, reply) => {
    if (!request.body.stream) return reply.send({ text: chunk.repeat(4) });
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let index = 0; index < deltas; index++) reply.raw.write(`data: ${chunk}\n\n`);
    reply.raw.end('data: [DONE]\n\n');
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { port: app.server.address().port, close: () => app.close() };
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** Milliseconds from sending to the last byte. */
function ask(port, body) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = httpRequest(
      { port, host: '127.0.0.1', path: '/v1/chat/completions', method: 'POST', agent, headers },
      (response) => {
        if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
        response.on('data', () => {});
        response.on('end', () => resolve(performance.now() - start));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The table: one request after the other, and 200 streams at once. */
export async function run() {
  const servers = { ours: await startOurs(), bare: await startBare() };
  const rows = [
    ['request', 'ours p50 ms', 'p99', 'bare p50 ms', 'p99', 'p50 ours/bare', 'added p50 ms', 'added p99 ms'],
  ];
  for (const [what, stream] of [
    ['whole answer', false],
    [`stream of ${deltas} deltas`, true],
  ]) {
    const body = JSON.stringify({ ...question, stream });
    const times = { ours: [], bare: [] };
    for (let round = 0; round < 1000; round++)
      for (const name of ['ours', 'bare']) {
        const took = await ask(servers[name].port, body);
        if (round >= 200) times[name].push(took);
      }
    rows.push(row(what, times));
  }
  const body = JSON.stringify({ ...question, stream: true });
  const times = { ours: [], bare: [] };
  for (let round = 0; round < 6; round++)
    for (const name of ['ours', 'bare']) {
      const start = performance.now();
      await Promise.all(Array.from({ length: 200 }, () => ask(servers[name].port, body)));
      if (round > 0) times[name].push((performance.now() - start) / 200);
    }
  rows.push(row('200 streams at once, each', times));
  printTable(rows);
  agent.destroy();
  await Promise.all(Object.values(servers).map((server) => server.close()));
}

function row(what, times) {
  const [p50, p99] = [0.5, 0.99].map((share) => ({
    ours: percentile(times.ours, share),
    bare: percentile(times.bare, share),
  }));
  const added = [p50, p99].map(({ ours, bare }) => short(ours - bare));
  return [
    what,
    short(p50.ours),
    short(p99.ours),
    short(p50.bare),
    short(p99.bare),
    ratio(p50.ours, p50.bare),
    ...added,
  ];
}
