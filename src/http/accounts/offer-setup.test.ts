/** The first link: told once, to whoever owns the server. */

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type AccountsBench, openBench, visitor } from './fixtures/accounts-bench.ts';
import { offerSetup, withdrawSetup } from './offer-setup.ts';

const baseUrl = 'http://localhost:31512';
let bench: AccountsBench;
let folder: string;
let path: string;

beforeEach(async () => {
  bench = await openBench();
  folder = mkdtempSync(join(tmpdir(), 'setup-'));
  path = join(folder, 'admin-link');
});

afterEach(async () => {
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

it('is written to a file for its owner alone, where no terminal is', async () => {
  await offerSetup(bench.parts, { baseUrl, folder });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const token = readFileSync(path, 'utf8').trim().split('token=')[1] ?? '';
  const use = { token, name: 'root', password: 'correct horse' };
  expect((await bench.accounts.useAdminLink(use, visitor())).user.name).toBe('root');
  await withdrawSetup(folder);
  expect(existsSync(path)).toBe(false);
});

it('is printed to a terminal and nowhere else', async () => {
  const lines: string[] = [];
  await offerSetup(bench.parts, { baseUrl, folder, print: (line) => lines.push(line) });
  expect(lines.join()).toContain(`${baseUrl}/#/setup?token=`);
  expect(existsSync(path)).toBe(false);
});

it('is not offered once there is an administrator, and an old file goes', async () => {
  await offerSetup(bench.parts, { baseUrl, folder });
  await bench.addUser('root', 'admin');
  await offerSetup(bench.parts, { baseUrl, folder });
  expect(existsSync(path)).toBe(false);
});
