/** Is there room for an instance now, and if not: would there be, if others went that are to go anyway? */

import type { Deployment } from '../fleet/deployment.ts';
import type { Instance } from '../fleet/instance.ts';
import type { ModelSpec } from '../fleet/model-spec.ts';
import type { MemoryWish } from '../models/estimate-memory.ts';
import type { MemoryDesk } from './memory-desk.ts';
import type { Placing } from './place-instance.ts';

/** What it waits for; `isCramped` = one that it replaces has to go first. */
export interface Lack {
  readonly reason: string;
  readonly isCramped: boolean;
}

/** Who wants room beside whom. */
export interface RoomWish {
  readonly instance: Instance;
  readonly deployment: Deployment;
  readonly others: readonly Instance[];
}

/** A context smaller than this part of what there would be is worth waiting for more. */
const goodEnough = 0.9;

/** Devices for it, or what it waits for. */
export function findDevices(
  wish: RoomWish,
  place: (deployment: Deployment, instances: readonly Instance[]) => Placing,
): Lack | { readonly devices: readonly string[] } {
  const { deployment, others } = wish;
  const placing = place(deployment, others);
  if ('devices' in placing) return placing;
  const { ending, replaced } = leaving(wish);
  const isRoomWithout = (gone: readonly Instance[]): boolean =>
    'devices' in
    place(
      deployment,
      others.filter((other) => !gone.includes(other)),
    );
  const isCramped = !isRoomWithout(ending) && isRoomWithout([...ending, ...replaced]);
  return { reason: placing.reason, isCramped };
}

/** What it waits for before it takes memory; undefined = there is enough, or there never will be. */
export function findLack(
  wish: RoomWish,
  memory: Pick<MemoryDesk, 'offer'>,
  { spec, ...needs }: MemoryWish & { readonly spec: ModelSpec },
): Lack | undefined {
  const { ending, replaced } = leaving(wish);
  if (ending.length + replaced.length === 0) return undefined;
  const offer = (gone: readonly Instance[]): number =>
    memory.offer(
      spec,
      needs,
      gone.map(({ id }) => id),
    );
  const enough = offer([...ending, ...replaced]) * goodEnough;
  if (offer([]) >= enough) return undefined;
  return { reason: 'waits for the memory of an instance that ends', isCramped: offer(ending) < enough };
}

/** Those that end already, and those that end when it serves. */
function leaving({ instance, others }: RoomWish) {
  const { deploymentId, revision } = instance;
  const ending = others.filter(({ state }) => state === 'stopping');
  const replaced = others.filter(
    (other) => other.deploymentId === deploymentId && other.revision !== revision && other.state !== 'stopping',
  );
  return { ending, replaced };
}
