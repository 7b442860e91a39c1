/** `aimindserve estimate`: would a model fit? */

import { exitCodes } from '../exit-code.ts';
import { readWish } from './deployment-wish.ts';
import { showBytes } from './figures.ts';
import type { RemoteRun } from './remote-command.ts';

/** Says so; the exit code tells too. */
export const estimate: RemoteRun = async (remote) => {
  const found = await remote.client.ask({ method: 'POST', path: ['estimates'], body: await readWish(remote) });
  remote.show(found.value, () => {
    const rows: Array<readonly [string, string]> = [
      ['Fits', found.isTrue('fits') ? 'yes' : 'no'],
      ['Weights', showBytes(found.number('weightsBytes'))],
      ['Cache', showBytes(found.number('cacheBytes'))],
      ['Overhead', showBytes(found.number('overheadBytes'))],
      ['Together', `${showBytes(found.number('totalBytes'))} of ${showBytes(found.number('freeBytes'))} free`],
      ['Context', `${found.text('contextPerRequest')} tokens per request`],
      ...found.texts('advice').map((advice) => ['Advice', advice] as const),
      ...(found.isTrue('isApproximate') ? [['Note', 'from the size alone: nothing of it was read yet'] as const] : []),
    ];
    return rows.map(([label, value]) => `${label.padEnd(10)}${value}`).join('\n');
  });
  return found.isTrue('fits') ? exitCodes.done.code : exitCodes.failed.code;
};
