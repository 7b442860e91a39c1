/** Passwords: what is taken, how they are kept, and that unknown names cost the same. */

import { describe, expect, it } from 'vitest';
import { refusalOr } from './fixtures/accounts-bench.ts';
import { checkPassword, hashPassword, isPassword } from './passwords.ts';

describe('a password', () => {
  it.each([
    ['', '400 invalid_value'],
    ['nine char', '400 invalid_value'],
    ['ten chars.', 'taken'],
    ['👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 'taken'],
    ['x'.repeat(256), 'taken'],
    ['x'.repeat(257), '400 invalid_value'],
    ['Administrator', '400 invalid_value'],
  ])('%j is %s', async (password, expected) => {
    const taken = await refusalOr(async () => {
      checkPassword(password, 'administrator', 'password');
      return 'taken';
    });
    expect(taken).toBe(expected);
  });

  it('is kept as Argon2id with the parameters that OWASP recommends', async () => {
    const hashed = await hashPassword('correct horse');
    expect(hashed).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await hashPassword('correct horse')).not.toBe(hashed);
    expect(await isPassword('correct horse', hashed)).toBe(true);
    expect(await isPassword('correct horsf', hashed)).toBe(false);
  });

  it('is the same however a keyboard composes its letters', async () => {
    expect(await isPassword('cafe\u0301 cafe\u0301', await hashPassword('café café'))).toBe(true);
  });

  it('of nobody is never right, the empty one neither', async () => {
    expect(await isPassword('', undefined)).toBe(false);
    expect(await isPassword('correct horse', undefined)).toBe(false);
  });

  it('costs as much to refuse for nobody as for somebody', async () => {
    const hashed = await hashPassword('correct horse');
    const time = async (against: string | undefined) => {
      const startMs = performance.now();
      for (let i = 0; i < 5; i++) await isPassword('wrong horse', against);
      return performance.now() - startMs;
    };
    await time(undefined);
    const ratio = (await time(undefined)) / (await time(hashed));
    // A machine under load wavers; a shortcut would be some thousand times faster.
    expect(ratio).toBeGreaterThan(0.1);
    expect(ratio).toBeLessThan(10);
  });

  it('is checked for a bounded number of people at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 40 }, () => refusalOr(() => isPassword('wrong horse', undefined))),
    );
    expect(all.filter((one) => one === '429 too_many_attempts')).toHaveLength(8);
  });
});
