/** Starts the built server on a free port with a data folder of its own, and ends it. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Resolves when the server answers: its URL, what it said, `stop()`, and `log()` for what went wrong inside. */
export async function startServer(dist, words) {
  const folder = mkdtempSync(join(tmpdir(), 'aimindserve-bfcl-'));
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('AIMINDSERVE_'));
  const environment = { ...Object.fromEntries(own), AIMINDSERVE_DATA_DIR: folder };
  const command = [join(dist, 'cli', 'main.js'), 'serve', '--port', '0', ...words];
  const child = spawn(process.execPath, command, { env: environment, cwd: tmpdir() });
  let said = '';
  const url = await new Promise((resolve, reject) => {
    const hear = (text) => {
      said += text;
      const found = /Base URL\s+(\S+)\/v1/.exec(said);
      if (found !== null && said.includes('Ctrl-C')) resolve(found[1]);
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.once('close', (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  return {
    url,
    format: /Tool format\s+(.*)/i.exec(said)?.[1] ?? '',
    said,
    log: () => readFileSync(join(folder, 'logs', 'server.log'), 'utf8'),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
