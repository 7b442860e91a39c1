/** What is told of a deployment: its state in one word, why, and what its model is. */

import type { Deployment } from '../fleet/deployment.ts';
import type { ToolVerdict } from '../fleet/tool-verdict.ts';
import type { DeploymentState, DeploymentView, InstanceView, ModelFacts } from './fleet-control.ts';
import type { KeptInstance } from './kept-instance.ts';

/** What a view is made of. */
export interface ViewFacts {
  readonly deployment: Deployment;
  readonly kept: readonly KeptInstance[];
  readonly isDemanded: boolean;
  readonly model?: ModelFacts;
  readonly verdict?: ToolVerdict;
  /** What else to warn of. */
  readonly notes?: readonly string[];
}

/** Below this, an agent's tools and a few turns hardly fit. */
const smallContext = 16_384;

/** The view of one deployment. */
export function viewDeployment(facts: ViewFacts): DeploymentView {
  const { deployment, kept, isDemanded, model, verdict, notes = [] } = facts;
  const instances = kept.map(viewInstance);
  const readyReplicas = instances.filter(({ state }) => state === 'ready' || state === 'ailing').length;
  return {
    deployment,
    state: stateOf(deployment, kept, { readyReplicas, isDemanded }),
    reason: reasonOf(kept),
    readyReplicas,
    instances,
    warnings: [...(model === undefined ? [] : warningsOf(model)), ...notes],
    ...(model && { model }),
    ...(verdict && { verdict }),
  };
}

/** The view of one instance. */
export function viewInstance({ instance, adoptable }: KeptInstance): InstanceView {
  return adoptable === undefined ? instance : { ...instance, command: adoptable.command };
}

interface Counted {
  readonly readyReplicas: number;
  readonly isDemanded: boolean;
}

function stateOf(
  deployment: Deployment,
  kept: readonly KeptInstance[],
  { readyReplicas, isDemanded }: Counted,
): DeploymentState {
  if (deployment.isStopped || deployment.replicas === 0) return 'stopped';
  if (readyReplicas >= deployment.replicas) return 'ready';
  if (readyReplicas > 0) return 'partly-ready';
  const alive = kept.filter(({ instance }) => instance.state !== 'stopping' && instance.state !== 'stopped');
  if (deployment.keepAliveSeconds !== undefined && !isDemanded && alive.length === 0) return 'idle';
  return alive.some(({ instance }) => instance.state === 'failed') ? 'failed' : 'starting';
}

/** The reason of the instance that changed last among those that have one: one that serves well has none. */
function reasonOf(kept: readonly KeptInstance[]): string {
  const worth = kept.map(({ instance }) => instance).filter(({ reason }) => reason !== '');
  return worth.sort((a, b) => b.sinceMs - a.sinceMs)[0]?.reason ?? '';
}

function warningsOf({ contextPerRequest, trainedContext, toolFormat }: ModelFacts): string[] {
  const isUnknown = contextPerRequest === 0;
  if (isUnknown || contextPerRequest >= smallContext || toolFormat === 'none') return [];
  const isAll = contextPerRequest >= trainedContext;
  const ofServer = trainedContext === 0 ? 'its server gives no more' : 'the model was made for no more';
  const advice = isAll ? ofServer : 'raise contextSize, or allow fewer requests at once';
  return [
    `A request has ${contextPerRequest} tokens of context; agents with tools need ${smallContext} or more: ${advice}.`,
  ];
}
