/** `aimindserve routes` against the management API itself. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ManagementBench, openManagement } from '../../http/management/fixtures/management-bench.ts';
import { exitCodeOf } from '../exit-code.ts';
import { createProgram } from '../program.ts';
import { messageOf } from './failure.ts';

let bench: ManagementBench;
let environment: Record<string, string> = {};

beforeAll(async () => {
  bench = await openManagement();
  for (const name of ['big', 'small', 'spare'])
    await bench.fleet.create({ name, source: { kind: 'bundled' } }, undefined);
  const { headers } = await bench.keyOf(bench.admin, ['management']);
  const key = String(headers.authorization).replace('Bearer ', '');
  const url = await bench.app.listen({ host: '127.0.0.1', port: 0 });
  environment = { AIMINDSERVE_URL: url, AIMINDSERVE_API_KEY: key, XDG_CONFIG_HOME: bench.root };
});
afterAll(() => bench.close());

async function run(line: string) {
  const said: string[] = [];
  let code: number | undefined;
  const say = (lines: string): void => void said.push(lines);
  const surroundings = { environment, folder: bench.root, say, warn: say };
  const finish = (ended: number): void => {
    code = ended;
  };
  try {
    await createProgram({ surroundings, finish }).parseAsync(line.split(' '), { from: 'user' });
  } catch (thrown) {
    code = exitCodeOf(thrown);
    said.push(messageOf(thrown));
  }
  return { code, said: said.join('\n') };
}

it('routes are made, listed and removed from the terminal', async () => {
  const made = await run('routes create chat --target big=3 --target small --fallback spare --description agents');
  expect(made).toEqual({ code: 0, said: "'chat' now stands for big=3, small=1." });
  const { said } = await run('routes');
  expect(said).toMatch(/chat +big=3, small=1 +spare +agents/);
  expect(JSON.parse((await run('routes list --json')).said)).toMatchObject({ total: 1 });
  expect(await run('routes rm chat --yes')).toEqual({ code: 0, said: 'Removed chat; the deployments behind it stay.' });
  expect((await run('routes')).said).toContain('No routes yet');
});

it.each([
  ['routes create chat', /needs a target/],
  ['routes create chat --target big=lots', /'big=lots' is not DEPLOYMENT=WEIGHT/],
  ['routes create chat --target =1', /is not DEPLOYMENT=WEIGHT/],
  ['routes create big --target small', /answers to 'big' already/],
  ['routes create chat --target none', /No deployment answers to 'none'/],
  ['routes rm none --yes', /no route 'none'/],
])('%s is refused with a reason', async (line, reason) => {
  const { code, said } = await run(line);
  expect(code).not.toBe(0);
  expect(said).toMatch(reason);
});
