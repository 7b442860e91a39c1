/** Where keys are kept, and which server and key a command takes. */

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toServerUrl } from './client.ts';
import { Credentials, targetOf } from './credentials.ts';
import { parseLink } from './login.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credentials-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const credential = { keyId: 'key_1', key: 'sk-1', userName: 'ann' };
const [one, other] = ['http://one:1', 'http://other:2'];

describe('Credentials', () => {
  it('keeps one key for each server, for its owner only', () => {
    const file = new Credentials({ XDG_CONFIG_HOME: folder });
    file.save(one, credential);
    file.save(other, { ...credential, key: 'sk-2' });
    const again = new Credentials({ XDG_CONFIG_HOME: folder });
    expect([again.current(), again.find(one)?.key, again.find(other)?.key]).toEqual([other, 'sk-1', 'sk-2']);
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'aimindserve')).mode & 0o777).toBe(0o700);
    again.forget(other);
    expect([file.current(), file.find(one)?.key, file.find(other)]).toEqual([undefined, 'sk-1', undefined]);
  });

  it('lies below the home folder otherwise', () => {
    expect(new Credentials({ HOME: '/home/ann' }).path).toBe('/home/ann/.config/aimindserve/credentials.json');
  });

  it('says which file is broken', () => {
    const file = new Credentials({ XDG_CONFIG_HOME: folder });
    file.save(one, credential);
    writeFileSync(file.path, '{');
    expect(() => file.current()).toThrowError(/credentials\.json is no JSON/);
  });
});

describe('targetOf', () => {
  const take = (named: object, environment: Record<string, string> = {}) =>
    targetOf(named, { XDG_CONFIG_HOME: folder, ...environment }, new Credentials({ XDG_CONFIG_HOME: folder }));

  it('prefers flag to variable to sign-in to the usual address', () => {
    expect(take({})).toEqual({ url: 'http://127.0.0.1:31512' });
    new Credentials({ XDG_CONFIG_HOME: folder }).save(one, credential);
    expect(take({})).toEqual({ url: one, key: 'sk-1' });
    expect(take({}, { AIMINDSERVE_URL: other, AIMINDSERVE_API_KEY: 'sk-v' })).toEqual({
      url: other,
      key: 'sk-v',
      keyFrom: 'AIMINDSERVE_API_KEY',
    });
    expect(take({ url: 'flag:3', key: 'sk-f' }, { AIMINDSERVE_URL: other })).toEqual({
      url: 'http://flag:3',
      key: 'sk-f',
    });
  });

  it('reads the key from a file that the environment names', () => {
    const file = join(folder, 'key');
    writeFileSync(file, 'sk-of-file\n');
    expect(take({}, { AIMINDSERVE_API_KEY_FILE: file }).key).toBe('sk-of-file');
    expect(() => take({}, { AIMINDSERVE_API_KEY_FILE: `${file}x` })).toThrowError(/cannot be read/);
  });

  it('shows a key to no other server than its own', () => {
    new Credentials({ XDG_CONFIG_HOME: folder }).save(one, credential);
    expect(take({ url: other })).toEqual({ url: other });
  });
});

describe('toServerUrl', () => {
  it.each([
    ['127.0.0.1:31512', 'http://127.0.0.1:31512'],
    ['https://host/', 'https://host'],
    ['http://host:1/v1', 'http://host:1'],
    ['http://host:1/v1-openai/', 'http://host:1'],
    ['http://host/base/api/v1', 'http://host/base'],
    ['http://0.0.0.0:5', 'http://127.0.0.1:5'],
    ['http://user:secret@host:5/?q#f', 'http://host:5'],
  ])('%s is %s', (text, url) => {
    expect(toServerUrl(text)).toBe(url);
  });

  it.each(['', 'ftp://host', 'http://', 'a b'])('refuses %j', (text) => {
    expect(() => toServerUrl(text)).toThrowError(/is not the address of a server/);
  });
});

describe('parseLink', () => {
  it('takes a one-time link apart, and nothing else', () => {
    const link = parseLink(' http://127.0.0.1:31512/#/setup?token=a_b-c\n');
    expect(link).toEqual({ url: 'http://127.0.0.1:31512', token: 'a_b-c' });
    expect(parseLink('http://127.0.0.1:31512')).toBeUndefined();
    expect(parseLink('http://127.0.0.1:31512/?token=x')).toBeUndefined();
  });
});
