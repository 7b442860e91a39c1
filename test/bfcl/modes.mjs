/**
 * Sends a folder of items in BFCL's form to the built server in every mode and tool format, whole and streamed, and
 * prints which promises were kept. `README.md` says how; no part of the test suite.
 */

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { askStreamed, askWhole } from './ask.mjs';
import { asListDialect, createRandom, modes, readItems } from './items.mjs';
import { compare, judge } from './judge.mjs';
import { startServer } from './server.mjs';

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
    formats: { type: 'string', default: 'own' },
    model: { type: 'string' },
    'per-file': { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    temperature: { type: 'string', default: '0' },
    bias: { type: 'string', multiple: true, default: [] },
    'max-tokens': { type: 'string', default: '256' },
    concurrency: { type: 'string', default: '8' },
    'slow-seconds': { type: 'string', default: '20' },
    findings: { type: 'string' },
  },
});
const [folder] = positionals;
if (folder === undefined) {
  console.error('usage: node test/bfcl/modes.mjs FOLDER [--formats own,hermes,…] [--per-file N | --all] [--seed N] …');
  process.exit(2);
}

const { validate } = await import(pathToFileURL(resolve(options.dist, 'schema', 'validate.js')).href);
const seed = Number(options.seed);
const perFile = options.all ? Infinity : Number(options['per-file']);
const bias = Object.fromEntries(options.bias.map((entry) => entry.split(':')).map(([id, by]) => [id, Number(by)]));
const findings = [];
const rows = [];
for (const format of options.formats.split(',')) await runFormat(format);
console.table(Object.fromEntries(rows.map(({ row, ...counts }) => [row, counts])));
const grave = findings.filter(({ kind }) => !['engine', 'error'].includes(kind));
for (const { kind, format, mode, id, what } of grave.slice(0, 40)) console.log(kind, format, mode, id, what);
console.log(`${grave.length} findings`);
if (options.findings !== undefined) writeFileSync(options.findings, JSON.stringify(findings, null, 1));
process.exitCode = grave.length > 0 ? 1 : 0;

async function runFormat(format) {
  const words = [
    ...(format === 'own' ? [] : ['--tool-format', format]),
    ...(options.model === undefined ? [] : ['--model', resolve(options.model)]),
    ...['--served-model-name', 'm', '--parallel', options.concurrency],
  ];
  const server = await startServer(resolve(options.dist), words);
  const world = { url: server.url, timeoutMs: 120_000 };
  const random = createRandom(seed);
  const items = readItems(folder, { perFile, random });
  const questions = items.flatMap((item, index) => modes.map((mode) => question({ item, index, mode, random })));
  const counts = new Map(modes.map(({ name }) => [name, newCounts()]));
  const started = performance.now();
  await Promise.all(
    Array.from({ length: Number(options.concurrency) }, () => work(questions, { world, format, counts })),
  );
  const seconds = (performance.now() - started) / 1000;
  const log = server
    .log()
    .split('\n')
    .filter((line) => /"level":(50|60)/.test(line));
  for (const line of log.slice(0, 3))
    findings.push({ kind: 'log', format, mode: '', id: '', what: line.slice(0, 600) });
  await server.stop();
  const tokens = [...counts.values()].reduce((sum, { tokens }) => sum + tokens, 0);
  console.error(`${format}: ${items.length} items, ${seconds.toFixed(0)} s, ${(tokens / seconds).toFixed(0)} tokens/s`);
  for (const [mode, { errors, slowestMs, tokens: _tokens, ...count }] of counts) {
    const codes = [...errors].map(([code, times]) => `${times} ${code}`).join(', ');
    rows.push({ row: `${format} · ${mode}`, ...count, slowest: `${(slowestMs / 1000).toFixed(1)} s`, errors: codes });
  }
}

/** Every third item has its tools in the list dialect. */
function question({ item, index, mode, random }) {
  const plain = { tools: item.tools, schemas: item.tools.map((tool) => tool.function.parameters) };
  const { tools, schemas } = index % 3 === 2 ? asListDialect(item.tools) : plain;
  const body = {
    ...{ model: 'm', messages: item.messages, tools, tool_choice: mode.choice(item.tools, random) },
    ...{ parallel_tool_calls: mode.parallel, temperature: Number(options.temperature), seed },
    max_tokens: Number(options['max-tokens']),
    ...(options.bias.length > 0 && { logit_bias: bias }),
  };
  return { id: item.id, mode, body, schemas };
}

function newCounts() {
  return {
    ...{ requests: 0, calls: 0, valid: 0, invalid: 0, cut: 0, leftOut: 0, wrong: 0, wire: 0 },
    ...{ differ: 0, engine: 0, undeclared: 0, slowestMs: 0, tokens: 0, errors: new Map() },
  };
}

async function work(questions, context) {
  for (let asked = questions.shift(); asked !== undefined; asked = questions.shift()) await askBoth(asked, context);
}

async function askBoth(asked, { world, format, counts }) {
  const { id, mode, body } = asked;
  const count = counts.get(mode.name);
  const whole = await askWhole(world, body);
  const streamed = await askStreamed(world, body);
  const note = (kind, what) => findings.push({ kind, format, mode: mode.name, id, what, body, whole, streamed });
  for (const answer of [whole, streamed]) tally(answer, asked, { count, note });
  const verdict = compare(whole, streamed);
  if (verdict === 'different') count.differ++;
  if (verdict === 'engine') count.engine++;
  if (verdict !== 'same') note(verdict, 'whole and streamed differ');
}

function tally(answer, asked, { count, note }) {
  const found = judge(answer, asked, validate);
  count.requests++;
  count.calls += found.calls;
  count.valid += found.calls - found.cut - (found.invalid.length > 0 ? 1 : 0);
  for (const kind of ['invalid', 'wrong', 'wire']) {
    count[kind] += found[kind].length;
    for (const what of found[kind]) note(kind, what);
  }
  for (const kind of ['cut', 'leftOut', 'undeclared']) count[kind] += found[kind];
  count.tokens += answer.body.usage?.completion_tokens ?? 0;
  count.slowestMs = Math.max(count.slowestMs, answer.ms);
  if (answer.ms > Number(options['slow-seconds']) * 1000) note('slow', `${Math.round(answer.ms)} ms`);
  if (answer.error === undefined) return;
  count.errors.set(answer.error, (count.errors.get(answer.error) ?? 0) + 1);
  note(
    answer.error.startsWith('no answer') || answer.error === 'timeout' ? 'hang' : 'error',
    answer.message ?? answer.error,
  );
}
