/** Measures the grammar of JSON Schemas over a folder in JSONSchemaBench's form: `node bench.mjs FOLDER` after a build. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseExact, printExact } from '../../dist/base/json.js';
import { compileGrammar } from '../../dist/grammar/automaton.js';
import { grammarFromSchema } from '../../dist/grammar/from-schema.js';
import { checkSchema } from '../../dist/schema/check-schema.js';
import { normaliseSchema } from '../../dist/schema/normalise-schema.js';
import { validate } from '../../dist/schema/validate.js';

const [folder, ...flags] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node bench.mjs FOLDER [--list] [--any-order]');
  process.exit(2);
}
const isListing = flags.includes('--list');
const anyOrder = flags.includes('--any-order');
const encoder = new TextEncoder();

function readLines(path) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** The instances with properties in the order in which they stand in the file, which `JSON.parse` does not keep. */
function instances(line) {
  return parseExact(line)
    .get('tests')
    .map((test) => ({ text: printExact(test.get('data')), isValid: test.get('valid') }));
}

function compile(schema) {
  const start = performance.now();
  checkSchema(schema, 'schema');
  const { node, rules, relaxed } = grammarFromSchema(normaliseSchema(schema), { rulePrefix: 's', anyOrder });
  const compiled = compileGrammar({ root: node, rules });
  return { compiled, relaxed, milliseconds: performance.now() - start };
}

function accepts(compiled, text) {
  const cursor = compiled.start();
  return cursor.accept(encoder.encode(text)) && cursor.mayEnd();
}

const counts = { schemas: 0, enforced: 0, valid: 0, invalid: 0 };
const findings = { 'compile error': [], 'wrong accept, wholly enforced': [], 'wrong accept, relaxed': [] };
Object.assign(findings, { 'wrong accept after validation': [], 'wrong refusal': [] });
const relaxedBy = new Map();
const onlyRelaxedBy = new Map();
const times = [];

function add(map, key) {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function judge(id, { compiled, relaxed }, schema, { text, isValid }) {
  counts[isValid ? 'valid' : 'invalid']++;
  const isAccepted = accepts(compiled, text);
  const isSound = validate(normaliseSchema(schema), JSON.parse(text)).length === 0;
  const found = (name) => findings[name].push(`${id}: ${text.slice(0, 300)}`);
  if (isValid && !isAccepted) found('wrong refusal');
  if (isValid || !isAccepted) return;
  found(relaxed.length === 0 ? 'wrong accept, wholly enforced' : 'wrong accept, relaxed');
  if (isSound) found('wrong accept after validation');
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.jsonl'))) {
  for (const line of readLines(join(folder, file))) {
    const { id, schema } = JSON.parse(line);
    counts.schemas++;
    let grammar;
    try {
      grammar = compile(schema);
    } catch (error) {
      findings['compile error'].push(`${id}: ${error.message}`);
      continue;
    }
    times.push(grammar.milliseconds);
    if (grammar.relaxed.length === 0) counts.enforced++;
    else add(onlyRelaxedBy, grammar.relaxed.join(' + '));
    for (const keyword of grammar.relaxed) add(relaxedBy, keyword);
    if (isListing && grammar.relaxed.length > 0) console.log(`relaxed ${id}: ${grammar.relaxed.join(' ')}`);
    for (const instance of instances(line)) judge(id, grammar, schema, instance);
  }
}

times.sort((a, b) => a - b);
const at = (share) => `${(times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0).toFixed(1)} ms`;
console.log(`schemas ${counts.schemas}, instances ${counts.valid} valid, ${counts.invalid} invalid`);
console.log(`wholly enforced ${counts.enforced} (${((100 * counts.enforced) / counts.schemas).toFixed(1)} %)`);
console.log(`compile time p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`);
for (const [name, list] of Object.entries(findings)) {
  console.log(`${name}: ${list.length}`);
  if (isListing) for (const item of list) console.log(`  ${item}`);
}
const sorted = (map) => [...map].sort((a, b) => b[1] - a[1]).map(([key, count]) => `${count} ${key}`);
console.log(`relaxed by keyword: ${sorted(relaxedBy).join(', ')}`);
if (isListing) console.log(`relaxed together:\n  ${sorted(onlyRelaxedBy).join('\n  ')}`);
