/** `aimindserve probe`: does the model call tools, as seen by asking it? */

import { exitCodes } from '../exit-code.ts';
import type { Item } from './item.ts';
import type { RemoteRun } from './remote-command.ts';

/** Five requests to a model on a slow processor. */
const timeoutMs = 1_200_000;

/** Asks and shows each step. */
export const probe: RemoteRun = async ({ client, word, show }) => {
  const verdict = await client.ask({ method: 'POST', path: ['deployments', word(0), 'probe'], timeoutMs });
  show(verdict.value, () => describeVerdict(word(0), verdict));
  return verdict.text('verdict') === 'failed' ? exitCodes.failed.code : exitCodes.done.code;
};

/** The verdict and what it rests on. */
export function describeVerdict(name: string, verdict: Item): string {
  const steps = verdict.items('steps').map((step) => {
    const transcript = step.text('transcript').trimEnd();
    const told = transcript === '' ? '' : `\n${transcript.replaceAll(/^/gm, '      ')}`;
    return `  ${step.isTrue('isOk') ? 'ok  ' : 'FAIL'}  ${step.text('name')}${told}`;
  });
  const head = `${name}: tools ${verdict.text('verdict')} (format ${verdict.text('format')}, engine ${verdict.text('engine')})`;
  return [head, ...steps].join('\n');
}
