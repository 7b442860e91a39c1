/** The hubs of one server, by what a person chose. */

import type { Clock } from '../../base/clock.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { type AutoHubParts, createAutoHub, type HubChoice } from './auto-hub.ts';
import type { HubKind } from './hub.ts';
import { createHuggingFace } from './hugging-face.ts';
import { createModelScope } from './modelscope.ts';

/** What they are made of. */
export interface HubsParts extends Pick<AutoHubParts, 'silentAfterMs'> {
  readonly outbound: Outbound;
  /** See `hubEndpoints`. */
  readonly endpoints: Readonly<Record<HubKind, string>>;
  /** Asked at each request. */
  readonly token: (hub: HubKind) => string | undefined;
  readonly clock: Clock;
}

/** Gives the hub for a choice. */
export interface Hubs {
  pick(choice: 'auto' | HubKind): Promise<HubChoice>;
}

/** Makes both hubs, and the choice between them. */
export function createHubs({ outbound, endpoints, token, ...rest }: HubsParts): Hubs {
  const partsOf = (kind: HubKind) => ({ outbound, endpoint: endpoints[kind], token: () => token(kind) });
  const huggingface = createHuggingFace(partsOf('huggingface'));
  const modelscope = createModelScope(partsOf('modelscope'));
  const auto = createAutoHub({ first: huggingface, second: modelscope, ...rest });
  const hubs = { huggingface, modelscope };
  return { pick: async (choice) => (choice === 'auto' ? auto.choose() : { hub: hubs[choice] }) };
}
