/** Lets requests in or tells them to wait: the limits of keys and of deployments. */

import type { Usage } from '../chat/event.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { Caller } from '../fleet/caller.ts';
import type { Deployment } from '../fleet/deployment.ts';

/** One request that was let in; `release` is called exactly once, however it ends. */
export interface Ticket {
  /** `x-ratelimit-*`, as OpenAI spells them; empty where nothing is limited. */
  readonly headers: Readonly<Record<string, string>>;
  /** What it really cost. */
  settle(usage: Usage): void;
  /** It is over; what was reserved and never settled is given back. */
  release(): void;
}

/** Keeps count of who asks for how much. */
export interface Admission {
  /** Throws LimitError (`rate_limited`, `quota_exceeded`). */
  admit(caller: Caller, deployment: Deployment, request: ChatRequest): Ticket;
}
