/** What the README and the examples promise, tried against a server as a reader would. */

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saidIn } from './ask.ts';
import { repository, type ServeProcess, startServer } from './running-server.ts';

const run = promisify(execFile);
const usual = 'http://127.0.0.1:31512';
const python = process.env['AIMINDSERVE_TEST_PYTHON'];
const read = (name: string): string => readFileSync(join(repository, name), 'utf8');
/** The code blocks of one language, in order. */
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1] ?? '');

let server: ServeProcess;
// In the repository, so that the examples find the SDK and our own package as they would in a project of their own.
let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(repository, '.examples-'));
  server = await startServer();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server?.stop();
});

describe.each(['README.md', 'README.zh-CN.md'])('%s', (name) => {
  it('shows a curl whose answer is the one it shows', async () => {
    const text = read(name);
    const curl = blocks(text, 'sh').find((block) => block.startsWith('curl ')) ?? '';
    const { stdout } = await run('sh', ['-c', curl.replace('curl ', 'curl -sS ').replaceAll(usual, server.url)]);
    const shown = JSON.parse(blocks(text, 'json')[0] ?? '');
    const answer = JSON.parse(stdout);
    expect(saidIn(answer)).toEqual(saidIn(shown));
    expect(Object.keys(answer).sort()).toEqual(Object.keys(shown).sort());
    expect(Object.keys(answer.choices[0]).sort()).toEqual(Object.keys(shown.choices[0]).sort());
  });

  it('shows the example for Python', () => {
    expect(blocks(read(name), 'python')).toEqual([read('examples/python_sdk.py')]);
  });

  it('links to files that exist', () => {
    const targets = [...read(name).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1] ?? '');
    expect(targets.length).toBeGreaterThan(3);
    for (const target of targets) expect(() => readdirSync(repository).includes(target) || read(target)).not.toThrow();
  });
});

describe('examples', () => {
  const names = readdirSync(join(repository, 'examples'));
  const programs: Readonly<Record<string, string | undefined>> = { sh: 'sh', mjs: process.execPath, py: python };

  it.each(names)('%s is short and works', async (name) => {
    const text = read(join('examples', name));
    expect(text.split('\n').length).toBeLessThanOrEqual(31);
    const program = programs[name.split('.').at(-1) ?? ''];
    if (program === undefined) return;
    const file = join(folder, name);
    writeFileSync(file, text.replaceAll(usual, server.url));
    const { stdout } = await run(program, [file]);
    expect(stdout).toContain('get_weather');
    expect(stdout).toContain('Paris');
  });
});
