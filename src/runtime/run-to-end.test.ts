import { expect, it } from 'vitest';
import { runToEnd } from './run-to-end.ts';

const node = process.execPath;
const run = (script: string, more: Partial<Parameters<typeof runToEnd>[0]> = {}) =>
  runToEnd({ command: node, arguments: ['-e', script], environment: {}, patienceMs: 20_000, ...more });

it('tells the code and the lines of both outputs', async () => {
  const lines: string[] = [];
  const end = await run(
    "console.log('one'); console.error('two'); process.stdout.write('three'); process.exitCode = 3",
    {
      onLine: (line) => lines.push(line),
    },
  );
  expect(end.code).toBe(3);
  expect([...lines].sort()).toEqual(['one', 'three', 'two']);
  expect(end.output).toContain('three');
});

it('says that a program is not there', async () => {
  const end = await runToEnd({ command: '/nowhere/at-all', arguments: [], environment: {}, patienceMs: 1_000 });
  expect(end.code).toBeUndefined();
  expect(end.output).toContain('ENOENT');
});

it('gives only the environment it was told', async () => {
  process.env['SECRET_OF_THE_SERVER'] = 'x';
  const end = await run('console.log(JSON.stringify(Object.keys(process.env).sort()))', { environment: { A: '1' } });
  delete process.env['SECRET_OF_THE_SERVER'];
  expect(JSON.parse(end.output)).toEqual(['A']);
});

it('ends a program that takes too long, with everything it started', async () => {
  const script =
    "const {spawn} = require('node:child_process');" +
    "const c = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {stdio: 'ignore'});" +
    "console.log(c.pid); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
  const end = await run(script, { patienceMs: 700 });
  expect(end.isLate).toBe(true);
  expect(() => process.kill(Number(end.output.trim()), 0)).toThrow();
});

it('throws the reason of an abort', async () => {
  const leaving = new AbortController();
  const running = run("console.log('here'); setInterval(() => {}, 1000)", {
    signal: leaving.signal,
    onLine: () => leaving.abort('enough'),
  });
  await expect(running).rejects.toBe('enough');
});

it('keeps only the last of a flood, and of a line without an end only its beginning', async () => {
  const end = await run(
    "for (let i = 0; i < 100; i++) process.stdout.write('x'.repeat(100_000)); console.log('\\nlast')",
  );
  expect(end.output.length).toBeLessThan(300_000);
  expect(end.output.trimEnd().endsWith('last')).toBe(true);
});
