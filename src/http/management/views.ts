/** Nouns of the fleet as the API shows them: times in seconds, and nothing the caller may not see. */

import type { Deployment, DeploymentSpec } from '../../fleet/deployment.ts';
import { describeSource } from '../../fleet/model-source.ts';
import type { ToolVerdict } from '../../fleet/tool-verdict.ts';
import type { DeploymentView, InstanceView } from '../../operating/fleet-control.ts';
import type { May } from './watch.ts';

/** A deployment with what is observed of it. */
export function encodeDeployment(view: DeploymentView, may: May) {
  const { deployment, instances, reason, verdict, remoteKeyHint, ...observed } = view;
  const { id, name, revision, declaredBy, isStopped, createdAt, updatedAt, createdBy } = deployment;
  return {
    ...{ id, name, revision, declaredBy, isStopped, createdAt, updatedAt, createdBy },
    spec: shownSpec(deployment, may),
    source: describeSource(deployment.source),
    ...observed,
    reason: shownReason(reason, may),
    instances: instances.map((instance) => encodeInstance(instance, may)),
    ...(verdict !== undefined && { verdict: encodeVerdict(verdict, may) }),
    ...(remoteKeyHint !== undefined && may('deployment.read-environment') && { remoteKeyHint }),
  };
}

/** What is wanted, alone. */
export function specOf(deployment: Deployment): DeploymentSpec {
  const { id, declaredBy, revision, instanceRevision, isStopped, createdAt, updatedAt, createdBy, ...spec } =
    deployment;
  return spec;
}

/** Environment and parameters may hold secrets of others, and so may the query of an address. */
function shownSpec(deployment: Deployment, may: May): DeploymentSpec {
  const spec = specOf(deployment);
  if (may('deployment.read-environment')) return spec;
  const { source } = spec;
  const shown = source.kind === 'url' ? { ...source, url: describeSource(source) } : source;
  return { ...spec, source: shown, environment: {}, backendParameters: [] };
}

/** An instance; its times in seconds. */
export function encodeInstance(instance: InstanceView, may: May) {
  const { sinceMs, retryAtMs, history, reason, command, ...facts } = instance;
  return {
    ...facts,
    reason: shownReason(reason, may),
    since: seconds(sinceMs),
    ...(retryAtMs > 0 && { retryAt: seconds(retryAtMs) }),
    // It holds the backend parameters, which not everybody may read.
    ...(command !== undefined && may('deployment.read-environment') && { command }),
    history: history.map(({ state, reason: why, atMs }) => ({
      state,
      reason: shownReason(why, may),
      at: seconds(atMs),
    })),
  };
}

/** A verdict; the transcripts are for those who may read logs. */
export function encodeVerdict({ steps, ...facts }: ToolVerdict, may: May) {
  const mayRead = may('log.read');
  return { ...facts, steps: steps.map((step) => (mayRead ? step : { ...step, transcript: '' })) };
}

/** After its first line a reason quotes the log. */
function shownReason(reason: string, may: May): string {
  return may('log.read') ? reason : (reason.split('\n', 1)[0] ?? '');
}

/** Unix milliseconds as the API tells them. */
export function seconds(unixMs: number): number {
  return Math.floor(unixMs / 1_000);
}
