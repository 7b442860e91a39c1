/** Who gets in, with keys and without. */

import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../base/errors.ts';
import { createAccess } from './access.ts';

function verdict(keys: readonly string[], headers: IncomingHttpHeaders, host = '127.0.0.1'): string {
  try {
    createAccess({ keys, host })(headers);
    return 'in';
  } catch (thrown) {
    return isAppError(thrown) ? `${thrown.status} ${thrown.code}` : 'broken';
  }
}

describe('with keys', () => {
  const rows: ReadonlyArray<readonly [IncomingHttpHeaders, string]> = [
    [{ authorization: 'Bearer one' }, 'in'],
    [{ authorization: 'bearer  two ' }, 'in'],
    [{ 'x-api-key': 'one' }, 'in'],
    [{ 'api-key': 'two' }, 'in'],
    [{ authorization: 'Bearer one', origin: 'https://elsewhere.example', 'x-forwarded-for': '1.2.3.4' }, 'in'],
    [{}, '401 invalid_api_key'],
    [{ authorization: 'Bearer' }, '401 invalid_api_key'],
    [{ authorization: 'Bearer ' }, '401 invalid_api_key'],
    [{ authorization: 'Bearer on' }, '401 invalid_api_key'],
    [{ authorization: 'Basic one' }, '401 invalid_api_key'],
    [{ authorization: 'one' }, '401 invalid_api_key'],
    [{ authorization: 'Bearer wrong', 'x-api-key': 'one' }, '401 invalid_api_key'],
  ];
  for (const [headers, expected] of rows)
    it(`${JSON.stringify(headers)}: ${expected}`, () => {
      expect(verdict(['one', 'two'], headers)).toBe(expected);
    });
});

describe('without keys', () => {
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
      expect(verdict([], headers)).toBe(expected);
    });

  it('takes the address it listens on for its own', () => {
    expect(verdict([], { host: '127.0.0.1' }, 'localhost')).toBe('in');
    expect(verdict([], { host: 'myhost:1' }, 'MyHost')).toBe('in');
  });
});
