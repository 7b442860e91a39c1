/** Runs one benchmark: `npm run bench -- NAME [ARGUMENTS]`, after `npm run build`. */

import { existsSync } from 'node:fs';
import { describeMachine } from './measure.mjs';

const benches = {
  parser: 'reading calls from a stream, beside @ai-sdk-tool/parser',
  grammar: 'grammars of tools: compiling, checking a token, masking a vocabulary, beside xgrammar; [FOLDER of schemas]',
  gateway: 'what the HTTP server adds to a request, beside bare Fastify',
  gguf: 'reading the header of a model file with 152,000 tokens',
};

const [name, ...rest] = process.argv.slice(2);
if (name === undefined || !Object.hasOwn(benches, name)) {
  const lines = Object.entries(benches).map(([each, what]) => `  ${each.padEnd(8)} ${what}`);
  console.log(
    `usage: npm run bench -- NAME [ARGUMENTS]\n\n${lines.join('\n')}\n\nPeers: npm ci --prefix bench --ignore-scripts`,
  );
  process.exit(name === undefined || name === '--help' ? 0 : 2);
}
if (!existsSync(new URL('../dist/formats/index.js', import.meta.url))) {
  console.error('Nothing is built yet: npm run build');
  process.exit(2);
}
console.log(`${name}: ${benches[name]}\n${describeMachine()}\n`);
const { run } = await import(`./${name}.mjs`);
await run(rest);
