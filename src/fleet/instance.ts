/** What is observed: one running (or failing) copy of a deployment, as a state machine. */

import type { DeploymentId } from './deployment.ts';

/** Names an instance. */
export type InstanceId = string & { readonly brand: 'InstanceId' };

/** All states; the diagram is in `next`. */
export const instanceStates = [
  'pending',
  'placed',
  'fetching',
  'starting',
  'ready',
  'ailing',
  'failed',
  'stopping',
  'stopped',
] as const;

/** Where an instance stands. */
export type InstanceState = (typeof instanceStates)[number];

/** A change of state, for people. */
export interface Transition {
  readonly state: InstanceState;
  readonly reason: string;
  /** Unix milliseconds. */
  readonly atMs: number;
}

/** An instance: state, reason, when and why it came there, and how many lives in a row have failed. */
export interface Instance {
  readonly id: InstanceId;
  readonly deploymentId: DeploymentId;
  readonly workerId: string;
  /** The deployment's `instanceRevision` that it runs. */
  readonly revision: number;
  readonly state: InstanceState;
  readonly reason: string;
  /** Unix milliseconds of the last change of state. */
  readonly sinceMs: number;
  /** Failures since it was last stable. */
  readonly failures: number;
  /** Unix milliseconds before which no new start is tried. */
  readonly retryAtMs: number;
  /** Devices it was given. */
  readonly devices: readonly string[];
  /** Lives so far: the number of the current or last run. */
  readonly run: number;
  /** The last changes, newest last. */
  readonly history: readonly Transition[];
}

/** What can happen to an instance; `atMs` in Unix milliseconds. */
export type InstanceEvent =
  | { readonly type: 'place'; readonly devices: readonly string[]; readonly atMs: number }
  | { readonly type: 'wait'; readonly reason: string; readonly atMs: number }
  | { readonly type: 'adopt'; readonly reason: string; readonly atMs: number }
  | { readonly type: 'fetch'; readonly reason: string; readonly atMs: number }
  | { readonly type: 'start'; readonly atMs: number }
  | { readonly type: 'ready'; readonly atMs: number }
  | { readonly type: 'ail'; readonly reason: string; readonly atMs: number }
  | { readonly type: 'recover'; readonly atMs: number }
  | { readonly type: 'fail'; readonly reason: string; readonly atMs: number }
  | { readonly type: 'stop'; readonly reason: string; readonly atMs: number }
  | { readonly type: 'end'; readonly reason: string; readonly atMs: number };

/** Ready for so long, it counts as stable: earlier failures are forgotten. */
export const stableMs = 60_000;
/** How many changes an instance remembers. */
const historyLength = 30;

/** The wait before the next start after so many failures in a row, in milliseconds: twice at once, then 10·2ⁿ s, at most 300 s. */
export function backoffMs(failures: number): number {
  if (failures <= 1) return 0;
  if (failures === 2) return 1_000;
  return Math.min(300_000, 10_000 * 2 ** Math.min(failures - 3, 10));
}

/**
 * The one place where an instance changes:
 *
 *     pending ──place──▶ placed ──fetch──▶ fetching ──start──▶ starting ──ready──▶ ready ──ail──▶ ailing
 *        ▲  ◀──wait──┐     │  └────────────start───────────────▲                     ▲ └──recover──┘
 *        └───────────┘     │                                   │
 *     any of these ──fail──▶ failed ──place (after retryAtMs)──▶ placed
 *     placed, fetching or failed ──wait──▶ pending (there is no room for it now)
 *     any, as an earlier server left it ──adopt──▶ starting
 *     any ──stop──▶ stopping ──end──▶ stopped
 *
 * An event that does not fit leaves the instance as it is.
 */
export function next(instance: Instance, event: InstanceEvent): Instance {
  const { state } = instance;
  switch (event.type) {
    case 'wait':
      return isWaitable(state) ? to(instance, 'pending', event) : instance;
    case 'adopt':
      return state === 'stopped' ? instance : to(instance, 'starting', event);
    case 'place':
      return state === 'pending' || state === 'failed'
        ? { ...to(instance, 'placed', event), devices: event.devices, run: instance.run + 1 }
        : instance;
    case 'fetch':
      return state === 'placed' || state === 'fetching' ? to(instance, 'fetching', event) : instance;
    case 'start':
      return state === 'placed' || state === 'fetching' ? to(instance, 'starting', event) : instance;
    case 'ready':
      return state === 'starting' ? to(instance, 'ready', event) : instance;
    case 'ail':
      return state === 'ready' ? to(instance, 'ailing', event) : instance;
    case 'recover':
      return state === 'ailing' ? to(instance, 'ready', event) : instance;
    case 'fail':
      return isUnderWay(state) ? failed(instance, event) : instance;
    case 'stop':
      return state === 'stopped' || state === 'stopping' ? instance : to(instance, 'stopping', event);
    case 'end':
      return state === 'stopping' ? to(instance, 'stopped', event) : instance;
  }
}

/** Has it no process yet, and none that is being started? */
function isWaitable(state: InstanceState): boolean {
  return state === 'pending' || state === 'placed' || state === 'fetching' || state === 'failed';
}

/** Does it hold (or is it about to hold) devices and a process? */
export function isUnderWay(state: InstanceState): boolean {
  return state === 'placed' || state === 'fetching' || state === 'starting' || state === 'ready' || state === 'ailing';
}

/** A new instance of a deployment. */
export function newInstance(
  facts: Pick<Instance, 'id' | 'deploymentId' | 'workerId' | 'revision'>,
  atMs: number,
): Instance {
  const start = {
    state: 'pending',
    reason: '',
    sinceMs: atMs,
    failures: 0,
    retryAtMs: 0,
    devices: [],
    run: 0,
  } as const;
  return { ...facts, ...start, history: [{ state: 'pending', reason: '', atMs }] };
}

function to(
  instance: Instance,
  state: InstanceState,
  event: { readonly reason?: string; readonly atMs: number },
): Instance {
  const { reason = '', atMs } = event;
  if (state === instance.state && reason === instance.reason) return instance;
  const isSame = state === instance.state;
  // Progress within one state is news, but not a chapter of its own.
  const past = isSame ? instance.history.slice(0, -1) : instance.history;
  const history = [...past, { state, reason, atMs }].slice(-historyLength);
  return { ...instance, state, reason, sinceMs: isSame ? instance.sinceMs : atMs, history };
}

function failed(instance: Instance, event: { readonly reason: string; readonly atMs: number }): Instance {
  const wasStable =
    (instance.state === 'ready' || instance.state === 'ailing') && event.atMs - instance.sinceMs >= stableMs;
  const failures = (wasStable ? 0 : instance.failures) + 1;
  return { ...to(instance, 'failed', event), failures, retryAtMs: event.atMs + backoffMs(failures) };
}
