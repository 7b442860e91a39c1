/** Loads the peers, where they are installed. */

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

function missing(name) {
  console.log(
    `(${name} is not installed, so there is nothing to compare with: npm ci --prefix bench --ignore-scripts)\n`,
  );
  return undefined;
}

/** The AI SDK's tool-call parsers. */
export async function loadToolParser() {
  try {
    return await import('@ai-sdk-tool/parser');
  } catch {
    return missing('@ai-sdk-tool/parser');
  }
}

/** xgrammar in WebAssembly. Its file is CommonJS in a package that says it is not, so it is loaded under another name. */
export function loadXgrammar() {
  let file;
  try {
    file = require.resolve('@mlc-ai/web-xgrammar');
  } catch {
    return missing('@mlc-ai/web-xgrammar');
  }
  const folder = mkdtempSync(join(tmpdir(), 'aimindserve-bench-'));
  try {
    copyFileSync(file, join(folder, 'xgrammar.cjs'));
    return require(join(folder, 'xgrammar.cjs'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
