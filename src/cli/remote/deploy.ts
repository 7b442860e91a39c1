/** `aimindserve deploy`: a model comes up on the server while one watches. */

import { readWish } from './deployment-wish.ts';
import { describeReady, followDeployment, tellEnd } from './follow-deployment.ts';
import type { Item } from './item.ts';
import type { Remote, RemoteRun } from './remote-command.ts';
import { readRemoteKey } from './remote-key.ts';

/** Deploys, and waits unless told not to. */
export const deploy: RemoteRun = async (remote) => {
  const { client, options, show } = remote;
  const key = readRemoteKey(remote, options.text('remote-model') !== undefined);
  const body = { ...(await readWish(remote)), ...key };
  const deployment = await client.ask({ method: 'POST', path: ['deployments'], body });
  if (options.choice('wait') === false) {
    show(deployment.value, () => `Deployed ${deployment.text('name')}; see it come up: aimindserve ps --watch`);
    return 0;
  }
  return waitAndShow(remote, deployment);
};

/** Waits until it is ready, and says how to use it. */
export async function waitAndShow(remote: Remote, deployment: Item): Promise<number> {
  const followed = await followDeployment(remote, deployment);
  const code = await tellEnd(remote, followed);
  if (code !== 0) return code;
  const name = followed.deployment.text('name');
  const hint = `Talk to it: aimindserve chat --model ${name}   or ask ${remote.client.target.url}/v1`;
  remote.show(followed.deployment.value, () => `${describeReady(followed.deployment)}\n${hint}`);
  return 0;
}
