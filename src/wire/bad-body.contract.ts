/** How a protocol must refuse: with a code of the table, and the path in the caller's own words. */

import { expect, it } from 'vitest';
import { type AppError, isAppError } from '../base/errors.ts';
import type { Protocol } from './protocol.ts';

/** One way in which a body can be wrong, and what the caller is told. */
export type BadBody = readonly [name: string, body: unknown, code: string, param: string];

/** Runs the table. */
export function itRefuses(protocol: Protocol, rows: readonly BadBody[]): void {
  for (const [name, given, code, param] of rows)
    it(`${name}: ${code} at '${param}'`, () => {
      const error = refusalOf(protocol, given);
      const told = { code: error.code, param: error.detail.param ?? '', kind: error.kind };
      expect(told).toEqual({ code, param, kind: 'request' });
      expect(protocol.failure(error)).toMatchObject({ error: { type: 'invalid_request_error', code } });
      expect(error.message.length).toBeGreaterThan(10);
      expect(error.message.length).toBeLessThan(1_000);
    });
}

/** The refusal of a body; throws if it is accepted. */
export function refusalOf(protocol: Protocol, given: unknown): AppError {
  try {
    protocol.decode(given, { created: 1, report: false });
  } catch (thrown) {
    if (isAppError(thrown)) return thrown;
    throw thrown;
  }
  throw new TypeError('the body was accepted');
}
