/** Will a deployment fit, before anything is fetched or loaded? */

import type { DeploymentSpec } from '../fleet/deployment.ts';
import type { Device } from '../fleet/device.ts';
import { estimateFit, type FitDevice } from '../models/estimate-fit.ts';
import type { MemoryFacts } from '../models/estimate-memory.ts';
import { factsFromSize } from '../models/estimate-remote.ts';
import type { FitEstimate } from './fleet-control.ts';
import type { ModelShelf } from './model-shelf.ts';
import type { FetchPlan } from './plan-fetch.ts';

/** What estimating needs. */
export interface EstimateWorld {
  readonly shelf: ModelShelf;
  readonly plan: (source: DeploymentSpec['source'], signal: AbortSignal) => Promise<FetchPlan>;
  readonly devices: () => Promise<readonly Device[]>;
  /** Bytes a new process may take. */
  readonly freeBytes: () => number;
}

/** From the model's header if its files are here, else from what the hub says of their size. */
export async function estimateDeployment(
  spec: DeploymentSpec,
  world: EstimateWorld,
  signal: AbortSignal,
): Promise<FitEstimate> {
  const here = world.shelf.peek(spec.source);
  const facts = here ?? remoteFacts(await world.plan(spec.source, signal));
  const { contextSize, parallel } = spec;
  const wish = { parallel, isToolCapable: true, ...(contextSize !== undefined && { contextSize }) };
  const devices = fitDevices(await world.devices(), world.freeBytes());
  const { verdict, memory, summary, warnings, contextPerRequest } = estimateFit(facts, wish, devices);
  return {
    fits: verdict === 'fits',
    isApproximate: here === undefined,
    weightsBytes: memory.weightsBytes,
    cacheBytes: memory.cacheBytes,
    overheadBytes: memory.computeBytes,
    totalBytes: memory.totalBytes,
    freeBytes: Math.max(0, ...devices.map((device) => device.freeBytes)),
    contextPerRequest,
    advice: [summary, ...warnings],
  };
}

function remoteFacts({ name, quantisation, files }: FetchPlan): MemoryFacts {
  const sizeBytes = files.reduce((sum, file) => sum + (file.sizeBytes ?? 0), 0);
  return factsFromSize({ name: quantisation === undefined ? name : `${name}-${quantisation}`, sizeBytes });
}

/** The embedded engine computes on the processor: its memory is what counts. */
function fitDevices(devices: readonly Device[], freeBytes: number): readonly FitDevice[] {
  const processor = devices.find(({ kind }) => kind === 'cpu');
  const totalBytes = processor?.memoryBytes ?? freeBytes;
  return [{ id: 'cpu', freeBytes, totalBytes, isUnified: true }];
}
