import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientName } from './ledger-client-name.ts';

describe('a client', () => {
  it.each([
    ['OpenAI/Python 1.30.1', 'OpenAI/Python 1.30.1'],
    ['AsyncOpenAI/Python 1.30.1 (linux)', 'AsyncOpenAI/Python 1.30.1'],
    ['OpenAI/JS 4.1.0-beta.2', 'OpenAI/JS 4.1.0'],
    ['curl/8.5.0', 'curl 8.5.0'],
    ['python-requests/2.31.0', 'python-requests 2.31.0'],
    ['python-httpx/v0.27', 'python-httpx 0.27'],
    ['ai-sdk/openai/1.0.5 ai/4.0', 'ai-sdk/openai 1.0.5'],
    ['node', 'node'],
    ['Mozilla/5.0 (X11; Linux) AppleWebKit/537.36', 'browser'],
    ['', 'unknown'],
    [undefined, 'unknown'],
    ['=cmd|calc', 'unknown'],
  ])('that says %s is %s', (userAgent, name) => expect(clientName(userAgent)).toBe(name));

  it('has a short and plain name, whatever it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(clientName(text)).toMatch(/^[\w.+@/ -]{1,80}$/);
        expect(clientName(`${text}/${'9'.repeat(500)}`).length).toBeLessThanOrEqual(80);
      }),
    );
  });
});
