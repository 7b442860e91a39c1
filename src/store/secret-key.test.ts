import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newFolder } from './fixtures/workshop.ts';
import { keyedHash, randomSecretKeys, readSecretKeys } from './secret-key.ts';

const text = 'correct horse battery staple, and more';

it('is made once, for its owner only, and stays', async () => {
  const folder = join(newFolder(), 'new');
  const keys = await Promise.all([1, 2, 3, 4].map(() => readSecretKeys(folder, {})));
  expect(new Set(keys.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  expect(readdirSync(folder)).toEqual(['secret-key']);
  expect(statSync(join(folder, 'secret-key')).mode & 0o777).toBe(0o600);
  expect(await readSecretKeys(folder, {})).toEqual(keys[0]);
});

it('comes from the environment or a named file before anything is made', async () => {
  const folder = newFolder();
  const given = await readSecretKeys(folder, { AIMINDSERVE_SECRET_KEY: text });
  writeFileSync(join(folder, 'mine'), `${text}\n`);
  expect(await readSecretKeys(folder, { AIMINDSERVE_SECRET_KEY_FILE: join(folder, 'mine') })).toEqual(given);
  expect(readdirSync(folder)).toEqual(['mine']);
});

it('derives different keys for different purposes', () => {
  const { apiKeys, secrets, sessions, fingerprint } = randomSecretKeys();
  const all = [apiKeys, secrets, sessions].map((key) => Buffer.from(key).toString('hex'));
  expect(new Set(all).size).toBe(3);
  for (const key of all) expect(key).toHaveLength(64);
  for (const key of all) expect(key).not.toContain(fingerprint);
  expect(keyedHash(apiKeys, 'sk-1')).toMatch(/^[0-9a-f]{64}$/);
  expect(keyedHash(apiKeys, 'sk-1')).not.toBe(keyedHash(sessions, 'sk-1'));
});

it('is refused when it is short, empty or cannot be read', async () => {
  const folder = newFolder();
  const wrong = { kind: 'config' };
  await expect(readSecretKeys(folder, { AIMINDSERVE_SECRET_KEY: 'short' })).rejects.toMatchObject(wrong);
  const nowhere = { AIMINDSERVE_SECRET_KEY_FILE: join(folder, 'nowhere') };
  await expect(readSecretKeys(folder, nowhere)).rejects.toMatchObject(wrong);
  writeFileSync(join(folder, 'secret-key'), '');
  await expect(readSecretKeys(folder, {})).rejects.toMatchObject(wrong);
  expect(readFileSync(join(folder, 'secret-key'), 'utf8')).toBe('');
});
