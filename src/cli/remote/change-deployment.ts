/** `aimindserve stop`, `start`, `scale`, `edit`, `clone`, `rm`: what is done to a deployment. */

import { ConfigError } from '../../base/errors.ts';
import { toInteger } from '../setting-values.ts';
import { waitAndShow } from './deploy.ts';
import { describeProgress } from './follow-deployment.ts';
import type { Item } from './item.ts';
import { askYes } from './person.ts';
import type { Remote, RemoteRun } from './remote-command.ts';
import { readRemoteKey } from './remote-key.ts';

/** Ends its instances. */
export const stop: RemoteRun = async (remote) => tell(remote, await act(remote, 'stop'));

/** Starts it again. */
export const start: RemoteRun = async (remote) => {
  const deployment = await act(remote, 'start');
  return remote.options.choice('wait') === false ? tell(remote, deployment) : waitAndShow(remote, deployment);
};

/** Sets the number of its instances. */
export const scale: RemoteRun = async (remote) => {
  const replicas = toInteger({ values: [remote.word(1)], source: 'The number of replicas' }, 0, 64);
  return tell(remote, await act(remote, 'scale', { replicas }));
};

/** Deploys the same under another name. */
export const clone: RemoteRun = async (remote) => tell(remote, await act(remote, 'clone', { name: remote.word(1) }));

function act({ client, word }: Remote, action: string, body?: object): Promise<Item> {
  return client.ask({ method: 'POST', path: ['deployments', word(0), action], body });
}

/** Changes fields; on what was read, so that nobody else's change is lost. */
export const edit: RemoteRun = async (remote) => {
  const { client, word, words, surroundings } = remote;
  const { readAssignments } = await import('./assignments.ts');
  const key = readRemoteKey(remote, false);
  const changes = words.slice(1);
  if (changes.length === 0 && key.remoteKey === undefined)
    throw new ConfigError('invalid_config', 'A word is missing: what shall change? See --help.');
  const body = { ...(await readAssignments(changes, surroundings.folder)), ...key };
  return tell(remote, await client.ask({ method: 'PATCH', path: ['deployments', word(0)], body }));
};

/** Ends and forgets it. */
export const remove: RemoteRun = async ({ client, options, word, surroundings }) => {
  const deployment = await client.get(['deployments', word(0)]);
  const name = deployment.text('name');
  const withFiles = options.isSet('with-files');
  const what = withFiles ? `${name} with its downloaded files` : name;
  if (!(await askYes(`Remove ${what}?`, options.isSet('yes')))) return 1;
  const query = { withFiles: withFiles || undefined };
  await client.ask({ method: 'DELETE', path: ['deployments', deployment.text('id')], query });
  surroundings.say(`Removed ${what}.`);
  return 0;
};

function tell({ show }: Remote, deployment: Item): number {
  const replicas = `${deployment.text('readyReplicas')}/${deployment.text('spec', 'replicas')} ready`;
  show(deployment.value, () => `${deployment.text('name')}: ${describeProgress(deployment)}, ${replicas}`);
  return 0;
}
