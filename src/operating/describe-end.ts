/** Says how an engine's program ended, for people. */

import type { RunEnd } from '../runtime/run.ts';

/** So much of the log is quoted, from its end: reasons are remembered, and written to the database. */
const quotedLines = 8;
const quotedCharacters = 1_000;

/** The first line says what happened; the lines after it quote the log, which only some may read. */
export function describeEnd(end: RunEnd, whatHappened = 'The engine ended.'): string {
  const how = end.signal === null ? `exit code ${end.code}` : `signal ${end.signal}`;
  const [first = ''] = whatHappened.split('\n', 1);
  const tail = end.logTail.trim().split('\n').slice(-quotedLines).join('\n').slice(-quotedCharacters);
  return `${first} (${end.lostGuard ? 'its guard was killed' : how})${tail === '' ? '' : `\n${tail}`}`;
}
