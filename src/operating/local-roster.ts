/** The fleet as requests see it: who can answer for a name now, and why not if nobody can. */

import type { Clock } from '../base/clock.ts';
import { RequestError, UnavailableError } from '../base/errors.ts';
import type { Candidate, Roster } from '../engines/roster.ts';
import { type Deployment, servedNames } from '../fleet/deployment.ts';
import type { Fleet } from './fleet.ts';
import type { KeptInstance } from './kept-instance.ts';

/** A request waits for an instance that is starting, but not for one that keeps failing or is still downloaded. */
export function createLocalRoster(fleet: Fleet, clock: Clock): Roster {
  return {
    find: (modelName) => findByName(fleet.deployments, modelName),
    deployments: () => fleet.deployments,
    async acquire(deployment, signal): Promise<Candidate> {
      for (;;) {
        signal.throwIfAborted();
        fleet.demand(deployment.id);
        const candidate = take(fleet, deployment);
        if (candidate !== undefined) return candidate;
        checkHope(fleet, deployment, clock.unixMs());
        await fleet.change(signal);
      }
    },
  };
}

/** The deployment that answers to a name, an alias or an id. */
export function findByName(deployments: readonly Deployment[], name: string): Deployment | undefined {
  return deployments.find((deployment) => deployment.id === name || servedNames(deployment).includes(name));
}

/** The ready instance with the fewest requests. */
function take(fleet: Fleet, { id }: Deployment): Candidate | undefined {
  const ready = fleet.keptOf(id).filter(({ client }) => client !== undefined);
  // An ailing one may still answer; it is asked only when there is no other.
  const well = ready.filter(({ instance }) => instance.state === 'ready');
  const [best] = [...(well.length > 0 ? well : ready)].sort((a, b) => a.running - b.running);
  const { client, spec } = best ?? {};
  if (best === undefined || client === undefined || spec === undefined) return undefined;
  return { instance: best.id, deployment: best.deployment, spec, client, release: best.enter() };
}

/** Throws if waiting would be in vain. */
function checkHope(fleet: Fleet, { id, name }: Deployment, nowMs: number): void {
  if (fleet.isClosing) throw new UnavailableError('shutting_down', 'The server is shutting down.');
  const deployment = fleet.deployment(id);
  if (deployment === undefined)
    throw new RequestError('model_not_found', `The model '${name}' is not served here any more.`, { param: 'model' });
  if (deployment.isStopped || deployment.replicas === 0)
    throw new UnavailableError('model_stopped', `The deployment of '${name}' is stopped; start it to use it.`);
  const kept = fleet.keptOf(id).filter(({ instance }) => instance.state !== 'stopping');
  const fetching = kept.find(({ instance }) => instance.state === 'fetching');
  if (fetching !== undefined && kept.every(isNoHope)) throw stillFetching(name, fetching);
  if (kept.length > 0 && kept.every(isNoHope)) throw failed(deployment, kept, nowMs);
}

/** A first failure is tried again at once. */
function isNoHope({ instance, deployment }: KeptInstance): boolean {
  const { state, failures } = instance;
  return state === 'fetching' || (state === 'failed' && (failures > 1 || deployment.restart === 'never'));
}

function stillFetching(name: string, { instance }: KeptInstance): UnavailableError {
  const message = `The model '${name}' is still being fetched: ${instance.reason}.`;
  return new UnavailableError('model_loading', message, { retryAfter: 10 });
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
