/** `aimindserve restart`: a new server, the old engines. */

import { exitCodes } from '../exit-code.ts';
import { untilInterrupt } from '../remote/interrupt.ts';
import type { LocalDraft } from './local-command.ts';

/** How long whoever keeps the server running may take to start it again. */
const patienceMs = 30_000;

/** For upgrades and new settings: answers pause for a second, and no model is loaded again. */
export const restart: LocalDraft = {
  usage: 'restart',
  description: 'end the server and leave its engines to the one that is started next',
  example: 'restart',
  async run({ dataFolder, surroundings }) {
    const { endLeavingEngines, nextServer } = await import('../../server/restart.ts');
    surroundings.warn('Running requests end first; Ctrl-C stops waiting.');
    const hasEnded = await untilInterrupt((signal) => endLeavingEngines(dataFolder, signal));
    if (!hasEnded) return exitCodes.interrupted.code;
    surroundings.warn('The server has ended; waiting for whoever starts it again.');
    const url = await nextServer(dataFolder, patienceMs);
    if (url !== undefined) {
      surroundings.say(`The server is back: ${url}`);
      return 0;
    }
    surroundings.warn(
      `Nobody has started it again within ${patienceMs / 1000} s. Its engines wait ten minutes: start it as before, with aimindserve serve.`,
    );
    return 1;
  },
};
