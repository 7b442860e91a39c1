/** Shows how a deployment comes up, until it is ready or will not be. */

import { exitCodes } from '../exit-code.ts';
import { untilInterrupt } from './interrupt.ts';
import type { Item } from './item.ts';
import { LiveLine } from './live-line.ts';
import type { Remote } from './remote-command.ts';

/** How the wait ended; `left` = Ctrl-C. */
export interface FollowEnd {
  readonly end: 'ready' | 'failed' | 'stopped' | 'gone' | 'left';
  /** As it was seen last. */
  readonly deployment: Item;
}

/** The first failure is followed by another try at once; after so many the reason is told. */
const triesBeforeTold = 2;
const toldLines = 20;

/** What watching needs of a command. */
type Watching = Pick<Remote, 'client' | 'screen'>;

/** Waits and shows. */
export function followDeployment(remote: Watching, deployment: Item): Promise<FollowEnd> {
  return untilInterrupt((signal) => follow(remote, deployment, signal));
}

async function follow({ client, screen }: Watching, first: Item, signal: AbortSignal): Promise<FollowEnd> {
  const id = first.text('id');
  const line = new LiveLine(screen);
  let deployment = first;
  let told = '';
  try {
    for await (const { type, item } of client.watch(['deployments'], signal)) {
      const seen = type === 'snapshot' ? item.items('items').find((one) => one.text('id') === id) : item;
      if (type === 'snapshot' ? seen === undefined : type === 'deleted' && item.text('id') === id)
        return { end: 'gone', deployment };
      if (seen === undefined || seen.text('id') !== id || type === 'deleted') continue;
      deployment = seen;
      const end = endOf(deployment);
      if (end !== undefined) return { end, deployment };
      const wait = waitOf(deployment);
      if (wait !== told && wait !== '') line.tell(`${deployment.text('name')} waits: ${wait}`);
      told = wait;
      line.show(`${deployment.text('name')}  ${describeProgress(deployment)}`, phaseOf(deployment));
    }
    return { end: 'left', deployment };
  } finally {
    line.end();
  }
}

function endOf(deployment: Item): FollowEnd['end'] | undefined {
  const state = deployment.text('state');
  if (state === 'ready' || state === 'idle') return 'ready';
  if (state === 'stopped') return 'stopped';
  if (state !== 'failed') return undefined;
  const tries = Math.max(0, ...deployment.items('instances').map((instance) => instance.number('failures') ?? 0));
  return tries >= triesBeforeTold || deployment.text('spec', 'restart') === 'never' ? 'failed' : undefined;
}

/** The states of its instances, and the newest reason: `fetching: 45 % of 4.7 GB`. */
export function describeProgress(deployment: Item): string {
  const reason = deployment.text('reason').split('\n', 1)[0] ?? '';
  return [phaseOf(deployment), reason].filter((part) => part !== '').join(': ');
}

/** What nothing happens without; a person may have to do it, and so has to read all of it. */
function waitOf(deployment: Item): string {
  return phaseOf(deployment) === 'pending' ? deployment.text('reason') : '';
}

function phaseOf(deployment: Item): string {
  const states = deployment.items('instances').map((instance) => instance.text('state'));
  return states.length === 0 ? deployment.text('state') : [...new Set(states)].join(', ');
}

/** Says how it ended, and what to do now; the result is the exit code. */
export async function tellEnd(remote: Remote, { end, deployment }: FollowEnd): Promise<number> {
  const { warn } = remote.surroundings;
  const name = deployment.text('name');
  switch (end) {
    case 'ready':
      for (const warning of deployment.texts('warnings')) warn(`Note: ${warning}`);
      return exitCodes.done.code;
    case 'stopped':
      warn(`${name} is stopped. Start it: aimindserve ${startWords(deployment)}`);
      return exitCodes.failed.code;
    case 'gone':
      warn(`${name} was removed meanwhile.`);
      return exitCodes.failed.code;
    case 'left':
      warn(`${name} comes up without you watching. See it: aimindserve ps   End it: aimindserve rm ${name}`);
      return exitCodes.interrupted.code;
    case 'failed':
      await tellFailure(remote, deployment);
      return exitCodes.failed.code;
  }
}

function startWords(deployment: Item): string {
  const name = deployment.text('name');
  return deployment.number('spec', 'replicas') === 0 ? `scale ${name} 1` : `start ${name}`;
}

async function tellFailure({ client, surroundings }: Remote, deployment: Item): Promise<void> {
  const name = deployment.text('name');
  surroundings.warn(`${name} does not start: ${deployment.text('reason')}`);
  const [failed] = deployment.items('instances').filter((instance) => instance.text('state') === 'failed');
  if (failed !== undefined) {
    const path = ['instances', failed.text('id'), 'logs'];
    // The reason was told; logs are a help that not everybody may read.
    const log = await client.text({ path, query: { lines: toldLines } }).catch(() => '');
    if (log.trim() !== '') surroundings.warn(`\nThe last lines of its log:\n${log.trimEnd()}\n`);
  }
  surroundings.warn(
    `The server tries again from time to time. Change it: aimindserve edit ${name} …   or: aimindserve rm ${name}`,
  );
}

/** A ready deployment in one line. */
export function describeReady(deployment: Item): string {
  const context = deployment.text('model', 'contextPerRequest');
  const facts = [
    ['', '0'].includes(context) ? '' : `context ${context} per request`,
    deployment.has('model') ? `format ${deployment.text('model', 'toolFormat')}` : '',
    deployment.has('verdict') ? `tools ${deployment.text('verdict', 'verdict')}` : '',
    deployment.text('model', 'device'),
  ];
  const told = facts.filter((fact) => fact !== '').join(', ');
  const state = deployment.text('state') === 'idle' ? 'is loaded when it is asked' : 'is ready';
  return `${deployment.text('name')} ${state}${told === '' ? '' : `: ${told}`}`;
}
