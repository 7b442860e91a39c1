/** Grammars of tools: compiling them, checking one token, masking a whole vocabulary. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFormat } from '../dist/formats/index.js';
import { compileGrammar, grammarFromSchema } from '../dist/grammar/index.js';
import { compare, median, percentile, printTable, ratio, short } from './measure.mjs';
import { loadXgrammar } from './peers.mjs';
import { askFor, makeTools } from './tools.mjs';
import { byteLevel, makeTokenizer, makeVocabulary } from './vocabulary.mjs';

const hermes = findFormat('hermes');
const begin = (name) => `<tool_call>\n{"name": "${name}", "arguments": `;
const values = {
  id: 'in-2031',
  status: 'waiting',
  limit: 25,
  tags: ['paid', 'of interest'],
  period: { from: '2026-11-21', to: '2026-11-30' },
  note: 'As "said" on the phone: pay on the 3rd.\nThen close it.',
  urgent: true,
};

/** A call to a tool with all of its arguments. */
function callTo({ name, parameters }) {
  const given = Object.fromEntries(Object.keys(parameters.properties).map((key) => [key, values[key]]));
  return `${begin(name)}${JSON.stringify(given)}}\n</tool_call>`;
}

/** The tables. */
export async function run([folder]) {
  const vocabulary = makeVocabulary();
  const peer = await startPeer(vocabulary);
  await measureCompiling(peer);
  await measureTokens(vocabulary, peer);
  if (folder !== undefined) await measureFolder(folder, vocabulary, peer);
}

async function startPeer(vocabulary) {
  const xgrammar = loadXgrammar();
  if (xgrammar === undefined) return undefined;
  const { TokenizerInfo, GrammarCompiler, GrammarMatcher } = xgrammar;
  const info = await TokenizerInfo.createTokenizerInfo(byteLevel(vocabulary), 'byte_level', false, vocabulary.size, [
    vocabulary.size - 1,
  ]);
  // Without its cache: each round compiles anew, as ours does.
  const compiler = await GrammarCompiler.createGrammarCompiler(info, false);
  return { compiler, GrammarMatcher };
}

function structuralTag(tools) {
  const tags = tools.map(({ name, parameters }) => ({
    ...{ type: 'tag', begin: begin(name), end: '}\n</tool_call>' },
    content: { type: 'json_schema', json_schema: parameters },
  }));
  return { type: 'structural_tag', format: { type: 'triggered_tags', triggers: ['<tool_call>\n{"name": '], tags } };
}

const compileOurs = (tools) => compileGrammar(hermes.answer(askFor(tools)).constraint.grammar);

async function measureCompiling(peer) {
  const rows = [['compiling', 'ours ms', 'xgrammar ms', 'ours/xgrammar']];
  for (const count of [1, 6, 10, 100, 1000]) {
    const tools = makeTools(count);
    const tag = structuralTag(tools);
    const candidates = {
      ours: () => compileOurs(tools),
      ...(peer && count <= 6 && { peer: async () => (await peer.compiler.compileStructuralTag(tag)).dispose() }),
    };
    const times = await compare(candidates, 5);
    rows.push([`${count} tools`, short(times.ours), short(times.peer), ratio(times.ours, times.peer)]);
  }
  printTable(rows);
}

async function measureTokens(vocabulary, peer) {
  const tokenize = makeTokenizer(vocabulary);
  const tools = makeTools(2);
  const answers = tools.map((tool) => tokenize(`I will look that up for you now, one moment.\n${callTo(tool)}`));
  const ours = readOurs(compileOurs(tools), answers, vocabulary);
  const theirs =
    peer && (await readTheirs(peer, await peer.compiler.compileStructuralTag(structuralTag(tools)), answers));
  const rows = [['µs a token', 'ours p50', 'p99', 'xgrammar p50', 'p99', 'p50 ours/xgrammar']];
  for (const what of ['accept', 'first mask', 'mask again']) {
    const [a, b] = [ours[what], theirs?.[what]];
    const at = (list, share) => (list === undefined ? undefined : percentile(list, share));
    rows.push([
      what,
      short(at(a, 0.5)),
      short(at(a, 0.99)),
      short(at(b, 0.5)),
      short(at(b, 0.99)),
      ratio(at(a, 0.5), at(b, 0.5)),
    ]);
  }
  printTable(rows);
  console.log(
    `${vocabulary.size} tokens; ${answers.flat().length} tokens read; masks beyond 1 ms: ${ours['first mask'].filter((each) => each > 1000).length}\n`,
  );
}

function timed(list, work) {
  const start = performance.now();
  const result = work();
  list.push((performance.now() - start) * 1000);
  return result;
}

/** Reads the answers twice: in the second reading the states and masks are known. */
function readOurs(compiled, answers, vocabulary) {
  const times = { accept: [], 'first mask': [], 'mask again': [] };
  compiled.start().allowed(vocabulary);
  for (const which of ['first mask', 'mask again'])
    for (const answer of answers) {
      const cursor = compiled.start();
      for (const id of answer) {
        timed(times[which], () => cursor.allowed(vocabulary));
        if (!timed(times.accept, () => cursor.accept(vocabulary.bytes(id))))
          throw new Error('we refuse a valid answer');
      }
    }
  return times;
}

async function readTheirs({ GrammarMatcher }, compiled, answers) {
  const times = { accept: [], 'first mask': [], 'mask again': [] };
  for (const which of ['first mask', 'mask again'])
    for (const answer of answers) {
      const matcher = await GrammarMatcher.createGrammarMatcher(compiled);
      for (const id of answer) {
        const start = performance.now();
        await matcher.getNextTokenBitmask();
        times[which].push((performance.now() - start) * 1000);
        if (!timed(times.accept, () => matcher.acceptToken(id))) return { ...times, refused: true };
      }
      matcher.dispose();
    }
  return times;
}

/** All schemas of a folder of JSON lines or JSON files (`{ schema }` or the schema itself). */
async function measureFolder(folder, vocabulary, peer) {
  const schemas = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.jsonl?$/.test(name))
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return (name.endsWith('l') ? text.split('\n').filter((line) => line !== '') : [text]).map((line) =>
        JSON.parse(line),
      );
    })
    .map((parsed) => (typeof parsed.schema === 'string' ? JSON.parse(parsed.schema) : (parsed.schema ?? parsed)));
  const ours = { times: [], masks: [], refused: 0 };
  const theirs = { times: [], masks: [], refused: 0 };
  for (const schema of schemas) {
    try {
      const compiled = timed(ours.times, () => {
        const { node, rules } = grammarFromSchema(schema, { rulePrefix: 's' });
        return compileGrammar({ root: node, rules });
      });
      const cursor = compiled.start();
      timed(ours.masks, () => cursor.allowed(vocabulary));
    } catch {
      ours.refused++;
    }
    if (peer === undefined) continue;
    try {
      const start = performance.now();
      const compiled = await peer.compiler.compileJSONSchema(JSON.stringify(schema));
      theirs.times.push((performance.now() - start) * 1000);
      compiled.dispose();
    } catch {
      theirs.refused++;
    }
  }
  const row = (name, { times, masks, refused }) => [
    ...[name, times.length, refused, short(median(times) / 1000), short(percentile(times, 0.99) / 1000)],
    short(masks.length === 0 ? undefined : median(masks)),
  ];
  printTable([
    [`${schemas.length} schemas`, 'compiled', 'refused', 'p50 ms', 'p99 ms', 'first mask p50 µs'],
    row('ours', ours),
    ...(peer === undefined ? [] : [row('xgrammar', theirs)]),
  ]);
}
