/** What has to be done so that what stands becomes what is wanted: a pure function of both. */

import type { Deployment, DeploymentId } from '../fleet/deployment.ts';
import { type Instance, type InstanceId, isUnderWay } from '../fleet/instance.ts';

/** One step towards what is wanted. */
export type Action =
  | { readonly type: 'create'; readonly deploymentId: DeploymentId }
  /** Give it devices and start it. */
  | { readonly type: 'begin'; readonly instanceId: InstanceId }
  /** Let its requests end, then end it. */
  | { readonly type: 'stop'; readonly instanceId: InstanceId; readonly reason: string }
  | { readonly type: 'forget'; readonly instanceId: InstanceId };

/** Everything that decides. */
export interface FleetFacts {
  readonly deployments: readonly Deployment[];
  /** Deployments that load on demand and are wanted now. */
  readonly demanded: ReadonlySet<DeploymentId>;
  readonly instances: readonly Instance[];
  /** Those that are being taken over from an earlier server: they served, and will again in a moment. */
  readonly adopting: ReadonlySet<InstanceId>;
  /** Those that wait for the room of one that they replace. */
  readonly cramped: ReadonlySet<InstanceId>;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** What to do now, and the Unix milliseconds when to ask again even if nothing happens. */
export interface Plan {
  readonly actions: readonly Action[];
  readonly wakeAtMs?: number;
}

/** How many instances are wanted of a deployment now. */
export function wantedReplicas(deployment: Deployment, isDemanded: boolean): number {
  if (deployment.isStopped) return 0;
  return deployment.keepAliveSeconds !== undefined && !isDemanded ? 0 : deployment.replicas;
}

/** Plans the next steps; applied and asked again, it comes to rest with no actions. */
export function planActions(facts: FleetFacts): Plan {
  const { deployments, demanded, instances, nowMs } = facts;
  const known = new Set(deployments.map(({ id }) => id));
  const actions: Action[] = [];
  for (const deployment of deployments)
    actions.push(...planDeployment(deployment, wantedReplicas(deployment, demanded.has(deployment.id)), facts));
  for (const instance of instances)
    if (!known.has(instance.deploymentId)) actions.push(...endInstance(instance, 'its deployment was deleted'));
  const wakes = instances.filter(({ state }) => state === 'failed').map(({ retryAtMs }) => retryAtMs);
  const wakeAtMs = Math.min(...wakes.filter((atMs) => atMs > nowMs));
  return Number.isFinite(wakeAtMs) ? { actions, wakeAtMs } : { actions };
}

function planDeployment(deployment: Deployment, wanted: number, facts: FleetFacts): Action[] {
  const own = facts.instances.filter(({ deploymentId }) => deploymentId === deployment.id);
  const ended = own
    .filter(({ state }) => state === 'stopped')
    .map(({ id }): Action => ({ type: 'forget', instanceId: id }));
  const alive = own
    .filter(({ state }) => state !== 'stopping' && state !== 'stopped')
    .map((instance) => judge(instance, facts));
  const isCurrent = ({ instance }: Judged) => instance.revision === deployment.instanceRevision;
  const standing = {
    wanted,
    current: alive.filter(isCurrent),
    old: alive.filter((judged) => !isCurrent(judged)),
  };
  const stops = planStops(standing, whyStopped(deployment));
  const stopped = new Set(stops.map(({ instanceId }) => instanceId));
  const creates = Array.from(
    { length: missing(standing) },
    (): Action => ({ type: 'create', deploymentId: deployment.id }),
  );
  const begins = standing.current
    .filter(({ instance }) => !stopped.has(instance.id) && mayBegin(instance, deployment, facts.nowMs))
    .map(({ instance }): Action => ({ type: 'begin', instanceId: instance.id }));
  return [...ended, ...stops, ...creates, ...begins];
}

/** An instance, whether requests can count on it, and whether it waits for the room of one that it replaces. */
interface Judged {
  readonly instance: Instance;
  readonly isServing: boolean;
  readonly isCramped: boolean;
}

function judge(instance: Instance, { adopting, cramped }: FleetFacts): Judged {
  const { id, state } = instance;
  return {
    instance,
    isServing: state === 'ready' || state === 'ailing' || adopting.has(id),
    isCramped: state === 'pending' && cramped.has(id),
  };
}

interface Standing {
  readonly wanted: number;
  readonly current: readonly Judged[];
  readonly old: readonly Judged[];
}

const isServing = (judged: Judged): boolean => judged.isServing;

/** New ones all at once; but beside old ones that still serve, one at a time, so that there is room for it. */
function missing({ wanted, current, old }: Standing): number {
  const lacking = Math.max(0, wanted - current.length);
  if (!old.some(isServing)) return lacking;
  return current.every(isServing) ? Math.min(1, lacking) : 0;
}

type Stop = Extract<Action, { readonly type: 'stop' }>;

function planStops({ wanted, current, old }: Standing, why: string): Stop[] {
  const stop = (judged: readonly Judged[], reason: string): Stop[] =>
    judged.map(({ instance }) => ({ type: 'stop', instanceId: instance.id, reason }));
  if (wanted === 0) return stop([...old, ...current], why);
  const useless = old.filter((judged) => !judged.isServing);
  const serving = old.filter(isServing);
  const replaced = 'replaced by one with the new settings';
  return [
    ...stop(useless, replaced),
    ...stop(serving.slice(0, replaceable({ wanted, current, old: serving })), replaced),
    ...stop(leastUseful(current).slice(0, Math.max(0, current.length - wanted)), 'fewer replicas are wanted'),
  ];
}

/** How many old ones may go: as many as are more than wanted, or one where a new one finds no room beside them. */
function replaceable({ wanted, current, old }: Standing): number {
  const surplus = current.filter(isServing).length + old.length - wanted;
  return Math.max(0, surplus, current.some(({ isCramped }) => isCramped) ? 1 : 0);
}

/** Those that serve last, and of those the oldest last. */
function leastUseful(instances: readonly Judged[]): Judged[] {
  return [...instances].sort(
    (a, b) => Number(a.isServing) - Number(b.isServing) || b.instance.sinceMs - a.instance.sinceMs,
  );
}

function endInstance(instance: Instance, reason: string): Action[] {
  if (instance.state === 'stopped') return [{ type: 'forget', instanceId: instance.id }];
  return instance.state === 'stopping' ? [] : [{ type: 'stop', instanceId: instance.id, reason }];
}

function whyStopped(deployment: Deployment): string {
  if (deployment.isStopped) return 'the deployment was stopped';
  return deployment.replicas === 0 ? 'no replicas are wanted' : 'nobody used it for a while';
}

function mayBegin(instance: Instance, deployment: Deployment, nowMs: number): boolean {
  if (isUnderWay(instance.state)) return false;
  if (instance.state === 'failed') return deployment.restart === 'always' && instance.retryAtMs <= nowMs;
  return instance.state === 'pending';
}
