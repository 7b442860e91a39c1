/** Compiles every tool of a folder in BFCL's form into a grammar: `node bfcl-tools.mjs FOLDER` after a build. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileGrammar } from '../../dist/grammar/automaton.js';
import { grammarFromSchema } from '../../dist/grammar/from-schema.js';
import { checkSchema } from '../../dist/schema/check-schema.js';
import { normaliseSchema } from '../../dist/schema/normalise-schema.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node bfcl-tools.mjs FOLDER');
  process.exit(2);
}

/** All tools anywhere in a value: objects with a name and parameters. */
function* toolsIn(value) {
  if (typeof value !== 'object' || value === null) return;
  if (typeof value.name === 'string' && typeof value.parameters === 'object') {
    yield value;
    return;
  }
  for (const part of Object.values(value)) yield* toolsIn(part);
}

function* values(file) {
  const text = readFileSync(join(folder, file), 'utf8');
  if (file.endsWith('.json')) yield JSON.parse(text);
  else for (const line of text.split('\n')) if (line !== '') yield JSON.parse(line);
}

const relaxedBy = new Map();
const errors = [];
const times = [];
let [tools, enforced] = [0, 0];
for (const file of readdirSync(folder).filter((name) => /\.jsonl?$/.test(name)))
  for (const value of values(file))
    for (const tool of toolsIn(value)) {
      tools++;
      const start = performance.now();
      try {
        const schema = normaliseSchema(tool.parameters);
        checkSchema(schema, tool.name);
        const { node, rules, relaxed } = grammarFromSchema(schema, { rulePrefix: 't' });
        compileGrammar({ root: node, rules });
        if (relaxed.length === 0) enforced++;
        for (const keyword of relaxed) relaxedBy.set(keyword, (relaxedBy.get(keyword) ?? 0) + 1);
      } catch (error) {
        errors.push(`${file} ${tool.name}: ${error.message}`);
      }
      times.push(performance.now() - start);
    }

times.sort((a, b) => a - b);
console.log(`tools ${tools}, errors ${errors.length}, wholly enforced ${enforced}`);
console.log(`compile time p50 ${times[times.length >> 1]?.toFixed(2)} ms, max ${times.at(-1)?.toFixed(1)} ms`);
console.log(`relaxed by keyword: ${[...relaxedBy].map(([key, count]) => `${count} ${key}`).join(', ') || 'nothing'}`);
for (const error of errors) console.log(`  ${error}`);
