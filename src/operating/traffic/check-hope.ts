/** Whether a request that finds no instance ready may hope for one, and what it is told if not. */

import { RequestError, UnavailableError } from '../../base/errors.ts';
import type { Deployment } from '../../fleet/deployment.ts';
import type { Fleet } from '../fleet.ts';
import type { KeptInstance } from '../kept-instance.ts';

/** A next start that is so near, in milliseconds, is worth waiting for. */
const soonMs = 5_000;

/**
 * Throws if waiting would be in vain. A request waits while an instance is starting, or is about to. It does not wait for
 * one that keeps failing, is still being downloaded, or finds no room on this machine: it is told at once what the
 * matter is, and when to come back.
 */
export function checkHope(fleet: Fleet, { id, name }: Deployment, nowMs: number): void {
  if (fleet.isClosing) throw new UnavailableError('shutting_down', 'The server is shutting down.');
  const deployment = fleet.deployment(id);
  if (deployment === undefined)
    throw new RequestError('model_not_found', `The model '${name}' is not served here any more.`, { param: 'model' });
  if (deployment.isStopped || deployment.replicas === 0)
    throw new UnavailableError('model_stopped', `The deployment of '${name}' is stopped; start it to use it.`);
  const all = fleet.keptOf(id);
  const kept = all.filter(({ instance }) => instance.state !== 'stopping');
  if (kept.length === 0) return;
  // What ends makes room for what waits.
  const isRoomComing = kept.length < all.length;
  if (!kept.every((each) => isNoHope(each, nowMs) || (isWaiting(each) && !isRoomComing))) return;
  const loading = kept.find(({ instance }) => instance.state === 'fetching') ?? kept.find(isWaiting);
  throw loading === undefined ? failed(deployment, kept, nowMs) : notYet(name, loading);
}

/** The first failures are tried again at once, or nearly so. */
function isNoHope({ instance, deployment }: KeptInstance, nowMs: number): boolean {
  const { state, retryAtMs } = instance;
  return state === 'fetching' || (state === 'failed' && (retryAtMs - nowMs > soonMs || deployment.restart === 'never'));
}

/** It was looked for room, and there is none. */
function isWaiting({ instance: { state, reason } }: KeptInstance): boolean {
  return state === 'pending' && reason !== '';
}

function notYet(name: string, { instance: { state, reason } }: KeptInstance): UnavailableError {
  const what = state === 'fetching' ? 'is still being fetched' : 'has not started yet';
  return new UnavailableError('model_loading', `The model '${name}' ${what}: ${reason.replace(/\.$/, '')}.`, {
    retryAfter: 10,
  });
}

function failed(deployment: Deployment, kept: readonly KeptInstance[], nowMs: number): UnavailableError {
  const { name, restart } = deployment;
  const internal = kept.map(({ instance }) => instance.reason).find((reason) => reason !== '') ?? '';
  if (restart === 'never')
    return new UnavailableError('model_failed', `The model '${name}' has failed and is not started again by itself.`, {
      internal,
    });
  const soonest = Math.min(...kept.map(({ instance }) => instance.retryAtMs));
  const wait = Math.max(1, Math.ceil((soonest - nowMs) / 1000));
  const message = `The model '${name}' could not be started; next attempt in ${wait} s.`;
  return new UnavailableError('model_failed', message, { retryAfter: wait, internal });
}
