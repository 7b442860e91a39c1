/** Will a deployment fit, before anything is fetched or loaded? */

import { basename } from 'node:path';
import { RequestError } from '../base/errors.ts';
import type { EngineKind, RunWishes } from '../engines/engine.ts';
import type { DeploymentSpec } from '../fleet/deployment.ts';
import type { Device } from '../fleet/device.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import { catalogSizeBytes } from '../models/catalog/best-for-machine.ts';
import { type Catalog, type CatalogEntry, findInCatalog } from '../models/catalog/catalog.ts';
import { estimateFit, type FitDevice } from '../models/estimate-fit.ts';
import type { MemoryFacts } from '../models/estimate-memory.ts';
import { factsFromSize } from '../models/estimate-remote.ts';
import type { EngineWish } from './engines.ts';
import type { FitEstimate } from './fleet-control.ts';
import { gpuRoom } from './gpu-room.ts';
import { type PlaceableDevice, placeInstance } from './place-instance.ts';
import type { FetchPlan } from './shelves/plan-fetch.ts';

/** What estimating needs. */
export interface EstimateWorld {
  /** The model's facts if it is on this machine. */
  readonly peek: (deployment: EngineWish) => ModelSpec | undefined;
  readonly catalog: () => Catalog;
  readonly plan: (deployment: EngineWish, signal: AbortSignal) => Promise<FetchPlan>;
  readonly readWishes: (spec: DeploymentSpec) => RunWishes;
  readonly devices: () => Promise<readonly Device[]>;
  /** What it may be placed on, once `devices` has been asked. */
  readonly placeable: (spec: DeploymentSpec, usesGpu: boolean) => readonly PlaceableDevice[] | undefined;
  readonly engine: (spec: DeploymentSpec) => Pick<EngineKind, 'name' | 'usesGpu'>;
  /** Bytes a new process may take. */
  readonly freeBytes: () => number;
}

/** What is known of a model: from its header, or from what others say. */
interface Known {
  readonly memory: MemoryFacts;
  readonly isApproximate: boolean;
  /** Does its template know tools, as far as anybody can say? */
  readonly isToolCapable: boolean;
}

/** From the model's header if its files are here, else from the catalogue, else from what the hub says of their size. */
export async function estimateDeployment(
  spec: DeploymentSpec,
  world: EstimateWorld,
  signal: AbortSignal,
): Promise<FitEstimate> {
  if (spec.source.kind === 'remote') return estimateElsewhere(spec);
  const { memory: model, isApproximate, isToolCapable } = await findOut(spec, world, signal);
  const { contextSize, parallel } = world.readWishes(spec);
  const wish = { parallel, isToolCapable, ...(contextSize !== undefined && { contextSize }) };
  const devices = fitDevices(spec, world, await world.devices());
  const { verdict, memory, summary, warnings, contextPerRequest } = estimateFit(model, wish, devices);
  return {
    fits: verdict === 'fits',
    isApproximate,
    weightsBytes: memory.weightsBytes,
    cacheBytes: memory.cacheBytes,
    overheadBytes: memory.computeBytes,
    totalBytes: memory.totalBytes,
    freeBytes: Math.max(0, ...devices.map((device) => device.freeBytes)),
    contextPerRequest,
    advice: [summary, ...warnings],
  };
}

/** Nothing of it is here. */
function estimateElsewhere({ contextSize = 0 }: DeploymentSpec): FitEstimate {
  return {
    ...{
      fits: true,
      isApproximate: false,
      weightsBytes: 0,
      cacheBytes: 0,
      overheadBytes: 0,
      totalBytes: 0,
      freeBytes: 0,
    },
    contextPerRequest: contextSize,
    advice: ['It runs on a remote server: it takes no memory here.'],
  };
}

async function findOut(
  deployment: DeploymentSpec,
  { peek, catalog, plan }: EstimateWorld,
  signal: AbortSignal,
): Promise<Known> {
  const { source, chatTemplate } = deployment;
  const here = peek(deployment);
  if (here !== undefined) {
    const isToolCapable = /\btools\b/.test(chatTemplate ?? here.template ?? '');
    return { memory: here, isApproximate: false, isToolCapable };
  }
  const entry = source.kind === 'catalogue' ? findInCatalog(catalog(), source.name) : undefined;
  const memory =
    entry !== undefined && source.kind === 'catalogue'
      ? factsOfEntry(entry, source.quantisation)
      : factsOfPlan(await plan(deployment, signal));
  // Of a model that nobody knows the worse is assumed: a warning too many.
  return { memory, isApproximate: true, isToolCapable: entry === undefined || entry.template !== undefined };
}

/** No hub need be asked: what the catalogue says is enough for an estimate. */
function factsOfEntry(entry: CatalogEntry, wanted: string | undefined): MemoryFacts {
  const quantisation = wanted ?? entry.quantisations[0] ?? '';
  return factsFromSize({
    name: `${entry.name}-${quantisation}`,
    sizeBytes: catalogSizeBytes(entry, quantisation),
    parameterCount: entry.billions * 1e9,
    trainedContext: entry.context,
  });
}

function factsOfPlan({ name, quantisation, files }: FetchPlan): MemoryFacts {
  const sizes = files.map(({ sizeBytes }) => sizeBytes);
  if (sizes.includes(undefined)) {
    const message = 'How large this file is will be known when it is fetched: nothing can be said of it before.';
    throw new RequestError('conflict', message, { param: 'source' });
  }
  const sizeBytes = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  // The file's name usually states the quantisation.
  return factsFromSize({ name: `${name}-${quantisation ?? basename(files[0]?.target ?? '')}`, sizeBytes });
}

/** The accelerators that it would get count as one, shared as its engine shares them; else the machine's memory does. */
function fitDevices(spec: DeploymentSpec, world: EstimateWorld, devices: readonly Device[]): readonly FitDevice[] {
  const engine = world.engine(spec);
  const usesGpu = engine.usesGpu && spec.gpu !== 'off';
  const there = world.placeable(spec, usesGpu) ?? [];
  // As if nothing else were running: others may have ended by then.
  const placing = placeInstance({ deployment: spec, devices: there, instances: [], usesGpu });
  const ids = 'devices' in placing ? placing.devices : [];
  const gpuBytes = gpuRoom(engine, ids, devices);
  if (gpuBytes !== undefined)
    return [{ id: ids.join('+'), freeBytes: gpuBytes, totalBytes: gpuBytes, isUnified: false }];
  const freeBytes = world.freeBytes();
  const processor = devices.find(({ kind }) => kind === 'cpu');
  const totalBytes = processor?.memoryBytes ?? freeBytes;
  return [{ id: 'cpu', freeBytes, totalBytes, isUnified: true }];
}
