/** How a command ends for those who call it from scripts. */

import { isAppError } from '../base/errors.ts';
import { Unreachable } from './remote/failure.ts';

/** All exit codes; `docs/cli.md` is printed from them. */
export const exitCodes = {
  done: { code: 0, meaning: 'Done.' },
  failed: {
    code: 1,
    meaning: 'The server said no, or what was asked for failed; the reason is on the standard error.',
  },
  unreachable: { code: 3, meaning: 'No server answers at the address, or the connection to it cannot be trusted.' },
  refused: { code: 4, meaning: 'Not signed in, or not allowed to do this.' },
  usage: { code: 78, meaning: 'A wrong word, flag or setting; nothing was done.' },
  interrupted: { code: 130, meaning: 'Ctrl-C: no longer waited for; what was begun on the server goes on.' },
} as const;

/** The exit code for an error of ours; undefined = no error of ours, or a bug. */
export function exitCodeOf(thrown: unknown): number | undefined {
  if (thrown instanceof Unreachable) return exitCodes.unreachable.code;
  if (!isAppError(thrown) || thrown.kind === 'bug') return undefined;
  if (thrown.kind === 'config') return exitCodes.usage.code;
  return thrown.kind === 'auth' ? exitCodes.refused.code : exitCodes.failed.code;
}
