/** Does a model fit these devices, with which setting, and which is the nearest that does if the wished one does not? */

import {
  contextStep,
  estimateMemory,
  inWords,
  type MemoryEstimate,
  type MemoryFacts,
  smallestContext,
  usualContext,
} from './estimate-memory.ts';

/** How the KV cache is kept. */
export type CacheType = 'f16' | 'q8_0' | 'q4_0';

/** What decides how much memory a model takes; the context is per request. */
export interface FitSetting {
  readonly contextSize: number;
  readonly parallel: number;
  readonly cacheType: CacheType;
}

/** What is asked for. */
export interface FitWish {
  /** Tokens per request; absent = choose what fits. */
  readonly contextSize?: number;
  readonly parallel: number;
  /** Absent = f16, and no other is proposed: the engine knows none. */
  readonly cacheType?: CacheType;
  /** A context too small for a list of tools and some turns is warned of. */
  readonly isToolCapable?: boolean;
}

/** A place where weights can lie. */
export interface FitDevice {
  readonly id: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** It shares the machine's memory: several of them have one memory, not several. */
  readonly isUnified: boolean;
}

/** The answer, for the API, the command line and the console alike. */
export interface FitEstimate {
  readonly verdict: 'fits' | 'fits-with-other-settings' | 'does-not-fit';
  /** What every request gets: under the wished setting if it fits, else under the nearest; 0 if none does. */
  readonly contextPerRequest: number;
  /** Of the wished setting. */
  readonly setting: FitSetting;
  readonly memory: MemoryEstimate;
  /** What each device would take under the setting that fits; empty if none does. */
  readonly shares: readonly DeviceShare[];
  /** A setting that fits, if the wished one does not. */
  readonly nearest?: FitSetting;
  readonly warnings: readonly string[];
  /** The verdict in a sentence or two. */
  readonly summary: string;
}

/** One device's part of a model. */
export interface DeviceShare {
  readonly id: string;
  readonly bytes: number;
  readonly freeBytes: number;
}

/** Bytes per value relative to f16: the blocks of `gguf-type.ts`. */
const cacheFactor: Readonly<Record<CacheType, number>> = { f16: 1, q8_0: 34 / 64, q4_0: 18 / 64 };
const smallerCaches: Readonly<Record<CacheType, readonly CacheType[]>> = {
  f16: ['q8_0', 'q4_0'],
  q8_0: ['q4_0'],
  q4_0: [],
};
/** Models are split between devices layer by layer; this is about what one of them is of the whole. */
const layerShare = 1 / 32;
/** Below this a few tools, a system prompt and some turns do not fit together. */
const leastForTools = 16_384;

/** Estimates for one instance; takes as few devices as will do, the freest first. */
export function estimateFit(model: MemoryFacts, wish: FitWish, devices: readonly FitDevice[]): FitEstimate {
  const pools = toPools(devices);
  const setting = wishedSetting(model, wish, pools);
  const memory = estimateSetting(model, setting);
  const nearest = fits(model, setting, pools) ? undefined : nearestSetting(model, wish, setting, pools);
  const used = fits(model, setting, pools) ? setting : nearest;
  const contextPerRequest = used?.contextSize ?? 0;
  return {
    verdict: used === undefined ? 'does-not-fit' : used === setting ? 'fits' : 'fits-with-other-settings',
    contextPerRequest,
    setting,
    memory,
    shares: used === undefined ? [] : sharesOf(model, used, pools),
    ...(nearest !== undefined && { nearest }),
    warnings: warningsOf(wish, contextPerRequest),
    summary: summarise({ model, setting, memory, used }, pools),
  };
}

/** The bytes of a setting; the cache counts for all requests at once. */
function estimateSetting(model: MemoryFacts, { contextSize, parallel, cacheType }: FitSetting): MemoryEstimate {
  const full = estimateMemory(model, contextSize, parallel);
  const cacheBytes = Math.ceil(full.cacheBytes * cacheFactor[cacheType]);
  return { ...full, cacheBytes, totalBytes: full.totalBytes - full.cacheBytes + cacheBytes };
}

/** Devices by room, the freest first; those that share the machine's memory are one. */
function toPools(devices: readonly FitDevice[]): FitDevice[] {
  const own = devices.filter(({ isUnified }) => !isUnified);
  const [shared] = devices.filter(({ isUnified }) => isUnified).sort((a, b) => b.freeBytes - a.freeBytes);
  return [...own, ...(shared === undefined ? [] : [shared])].sort((a, b) => b.freeBytes - a.freeBytes);
}

/** Bytes of weights and cache that the first `count` devices can take; each needs working space of its own. */
function roomOn(model: MemoryFacts, pools: readonly FitDevice[], count: number): number {
  const { computeBytes } = estimateMemory(model, 0, 1);
  const room = pools.slice(0, count).reduce((sum, { freeBytes }) => sum + Math.max(0, freeBytes - computeBytes), 0);
  return room / (1 + (count - 1) * layerShare);
}

/** The least number of devices that will do; undefined if all of them are too few. */
function devicesNeeded(model: MemoryFacts, setting: FitSetting, pools: readonly FitDevice[]): number | undefined {
  const { weightsBytes, cacheBytes } = estimateSetting(model, setting);
  const counts = pools.map((_, index) => index + 1);
  return counts.find((count) => weightsBytes + cacheBytes <= roomOn(model, pools, count));
}

function fits(model: MemoryFacts, setting: FitSetting, pools: readonly FitDevice[]): boolean {
  return devicesNeeded(model, setting, pools) !== undefined;
}

/** The largest context (a multiple of 256) for so many requests; 0 if not even the weights fit. */
function largestContext(
  model: MemoryFacts,
  { parallel, cacheType }: Omit<FitSetting, 'contextSize'>,
  pools: readonly FitDevice[],
): number {
  const left = Math.max(0, ...pools.map((_, index) => roomOn(model, pools, index + 1))) - model.sizeBytes;
  if (left < 0) return 0;
  const perToken = model.kvBytesPerToken * cacheFactor[cacheType] * parallel;
  const most = perToken === 0 ? model.trainedContext : Math.floor(left / perToken / contextStep) * contextStep;
  return Math.min(most, model.trainedContext);
}

function wishedSetting(model: MemoryFacts, wish: FitWish, pools: readonly FitDevice[]): FitSetting {
  const { parallel, cacheType = 'f16' } = wish;
  if (wish.contextSize !== undefined) return { contextSize: wish.contextSize, parallel, cacheType };
  const chosen = Math.min(usualContext, largestContext(model, { parallel, cacheType }, pools));
  return { contextSize: Math.max(chosen, Math.min(smallestContext, model.trainedContext)), parallel, cacheType };
}

/** What gives up least: a smaller cache per value, then fewer requests at once, then less context. */
function nearestSetting(
  model: MemoryFacts,
  wish: FitWish,
  wished: FitSetting,
  pools: readonly FitDevice[],
): FitSetting | undefined {
  const cacheTypes = wish.cacheType === undefined ? [] : smallerCaches[wish.cacheType];
  const lesser = cacheTypes.map((cacheType) => ({ ...wished, cacheType }));
  const fewer = fewerRequests(model, wished, pools);
  const shorter = [wished, { ...wished, parallel: 1 }].map((setting) => ({
    ...setting,
    contextSize: Math.min(largestContext(model, setting, pools), wished.contextSize),
  }));
  const useful = (setting: FitSetting) => setting.contextSize >= Math.min(smallestContext, model.trainedContext);
  return [...lesser, ...fewer, ...shorter].find((setting) => useful(setting) && fits(model, setting, pools));
}

/** The wished context for as many requests as there is room for. */
function fewerRequests(model: MemoryFacts, wished: FitSetting, pools: readonly FitDevice[]): FitSetting[] {
  const one = cacheOfOneRequest(model, wished);
  const left = Math.max(0, ...pools.map((_, index) => roomOn(model, pools, index + 1))) - model.sizeBytes;
  const parallel = one === 0 ? wished.parallel : Math.floor(left / one);
  return parallel >= 1 && parallel < wished.parallel ? [{ ...wished, parallel }] : [];
}

function cacheOfOneRequest(model: MemoryFacts, { contextSize, cacheType }: FitSetting): number {
  return model.kvBytesPerToken * contextSize * cacheFactor[cacheType];
}

/** Split by room, as engines split layers by free memory. */
function sharesOf(model: MemoryFacts, setting: FitSetting, pools: readonly FitDevice[]): DeviceShare[] {
  const { weightsBytes, cacheBytes, computeBytes } = estimateSetting(model, setting);
  const used = pools.slice(0, devicesNeeded(model, setting, pools) ?? 0);
  const room = used.map(({ freeBytes }) => Math.max(0, freeBytes - computeBytes));
  const whole = room.reduce((sum, bytes) => sum + bytes, 0);
  return used.map(({ id, freeBytes }, index) => {
    const part = whole === 0 ? 0 : (room[index] ?? 0) / whole;
    return { id, bytes: Math.ceil((weightsBytes + cacheBytes) * part) + computeBytes, freeBytes };
  });
}

function warningsOf(wish: FitWish, contextPerRequest: number): string[] {
  if (wish.isToolCapable !== true || contextPerRequest === 0 || contextPerRequest >= leastForTools) return [];
  return [
    `Each request gets ${contextPerRequest} tokens of context; with tools, fewer than ${leastForTools} are soon used up.`,
  ];
}

interface Outcome {
  readonly model: MemoryFacts;
  readonly setting: FitSetting;
  readonly memory: MemoryEstimate;
  readonly used: FitSetting | undefined;
}

function summarise({ model, setting, memory, used }: Outcome, pools: readonly FitDevice[]): string {
  const free = pools.reduce((sum, { freeBytes }) => sum + freeBytes, 0);
  const needs =
    `${model.name} with ${inSettingWords(setting)} needs ${inWords(memory.totalBytes)} (weights ` +
    `${inWords(memory.weightsBytes)}, context ${inWords(memory.cacheBytes)}, working space ${inWords(memory.computeBytes)})`;
  if (used === setting) return `${needs}; ${inWords(free)} are free.`;
  if (used !== undefined)
    return `${needs}, but only ${inWords(free)} are free. This fits: ${inSettingWords(used, setting.cacheType)}.`;
  return `${needs}, but only ${inWords(free)} are free. No context fits: free some memory, or take a smaller model or a smaller quantisation of it.`;
}

function inSettingWords({ contextSize, parallel, cacheType }: FitSetting, expected: CacheType = 'f16'): string {
  const cache = cacheType === expected ? '' : ` and a ${cacheType} cache`;
  return `${contextSize} tokens for each of ${parallel} request${parallel === 1 ? '' : 's'} at once${cache}`;
}
