/** What is observed: one running (or failing) copy of a deployment, as a state machine. */

/** Names an instance. */
export type InstanceId = string & { readonly brand: 'InstanceId' };

/** Where an instance stands; the diagram is in `next`. */
export type InstanceState = 'pending' | 'starting' | 'ready' | 'failed' | 'stopping' | 'stopped';

/** An instance: state, reason, and how many starts in a row have failed. */
export interface Instance {
  readonly id: InstanceId;
  readonly state: InstanceState;
  readonly reason: string;
  readonly failures: number;
  /** Clock milliseconds before which no new start is tried. */
  readonly retryAtMs: number;
}

/** What can happen to an instance. */
export type InstanceEvent =
  | { readonly type: 'start' }
  | { readonly type: 'ready' }
  | { readonly type: 'fail'; readonly reason: string; readonly nowMs: number }
  | { readonly type: 'stop' }
  | { readonly type: 'end' };

/** Waits between starts, in milliseconds; the last repeats. */
export const backoffMs: readonly number[] = [0, 500, 2_000, 8_000, 30_000];

/**
 * The one place where an instance changes:
 *
 *     pending ──start──▶ starting ──ready──▶ ready
 *        ▲                  │ fail             │ fail
 *        │                  ▼                  │
 *        └── start ───── failed ◀──────────────┘        (after backoff)
 *     any ──stop──▶ stopping ──end──▶ stopped
 *
 * An event that does not fit leaves the instance as it is.
 */
export function next(instance: Instance, event: InstanceEvent): Instance {
  const { state } = instance;
  switch (event.type) {
    case 'start':
      return state === 'pending' || state === 'failed' ? { ...instance, state: 'starting', reason: '' } : instance;
    case 'ready':
      return state === 'starting' ? { ...instance, state: 'ready', reason: '', failures: 0 } : instance;
    case 'fail':
      return state === 'starting' || state === 'ready' ? failed(instance, event.reason, event.nowMs) : instance;
    case 'stop':
      return state === 'stopped' ? instance : { ...instance, state: 'stopping', reason: '' };
    case 'end':
      return state === 'stopping' ? { ...instance, state: 'stopped' } : instance;
  }
}

function failed(instance: Instance, reason: string, nowMs: number): Instance {
  const wait = backoffMs[Math.min(instance.failures, backoffMs.length - 1)] ?? 0;
  return { ...instance, state: 'failed', reason, failures: instance.failures + 1, retryAtMs: nowMs + wait };
}
