/** Who gets in, with keys and without. */

import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../base/errors.ts';
import { checkLocal, keyOf } from './access.ts';

function verdict(headers: IncomingHttpHeaders, host = '127.0.0.1'): string {
  try {
    checkLocal(headers, host);
    return 'in';
  } catch (thrown) {
    return isAppError(thrown) ? `${thrown.status} ${thrown.code}` : 'broken';
  }
}

describe('a key', () => {
  const rows: ReadonlyArray<readonly [IncomingHttpHeaders, string]> = [
    [{ authorization: 'Bearer one' }, 'one'],
    [{ authorization: 'bearer  two ' }, 'two'],
    [{ 'x-api-key': 'one' }, 'one'],
    [{ 'api-key': 'two' }, 'two'],
    [{}, ''],
    [{ authorization: 'Bearer' }, ''],
    [{ authorization: 'Bearer ' }, ''],
    [{ authorization: 'Basic one' }, ''],
    [{ authorization: 'one' }, ''],
    [{ authorization: 'Bearer wrong', 'x-api-key': 'one' }, 'wrong'],
  ];
  for (const [headers, expected] of rows)
    it(`${JSON.stringify(headers)}: '${expected}'`, () => {
      expect(keyOf(headers)).toBe(expected);
    });
});

describe('without a key', () => {
  const rows: ReadonlyArray<readonly [IncomingHttpHeaders, string]> = [
    [{}, 'in'],
    [{ host: 'localhost:31512', authorization: 'Bearer empty' }, 'in'],
    [{ host: '127.0.0.1:31512' }, 'in'],
    [{ host: '127.8.8.8' }, 'in'],
    [{ host: '[::1]:31512' }, 'in'],
    [{ host: 'LOCALHOST.' }, 'in'],
    [{ host: 'app.localhost' }, 'in'],
    [{ host: 'localhost', origin: 'http://localhost:3000' }, 'in'],
    [{ host: 'elsewhere.example' }, '403 foreign_origin'],
    [{ host: '127.0.0.1.elsewhere.example' }, '403 foreign_origin'],
    [{ host: 'localhost@elsewhere.example' }, '403 foreign_origin'],
    [{ host: 'elsewhere.example@127.0.0.1' }, '403 foreign_origin'],
    [{ host: 'localhost#.elsewhere.example' }, '403 foreign_origin'],
    [{ host: 'localhost', via: '1.1 proxy' }, '403 foreign_origin'],
    [{ host: 'localhost', 'x-real-ip': '203.0.113.9' }, '403 foreign_origin'],
    [{ host: 'notlocalhost' }, '403 foreign_origin'],
    [{ host: '192.168.1.5' }, '403 foreign_origin'],
    [{ host: '%%%' }, '403 foreign_origin'],
    [{ host: 'localhost', origin: 'https://elsewhere.example' }, '403 foreign_origin'],
    [{ host: 'localhost', origin: 'null' }, '403 foreign_origin'],
    [{ host: 'localhost', origin: 'file://localhost' }, '403 foreign_origin'],
    [{ host: 'localhost', 'x-forwarded-for': '127.0.0.1' }, '403 foreign_origin'],
    [{ host: 'localhost', 'x-forwarded-host': 'localhost' }, '403 foreign_origin'],
    [{ host: 'localhost', forwarded: 'for=127.0.0.1' }, '403 foreign_origin'],
  ];
  for (const [headers, expected] of rows)
    it(`${JSON.stringify(headers)}: ${expected}`, () => {
      expect(verdict(headers)).toBe(expected);
    });

  it('takes the address it listens on for its own', () => {
    expect(verdict({ host: '127.0.0.1' }, 'localhost')).toBe('in');
    expect(verdict({ host: 'myhost:1' }, 'MyHost')).toBe('in');
  });
});
