/** The feeds of a server: what its watchers are told of. */

import { randomHex } from '../../base/clock.ts';
import type { FleetChange, FleetControl } from '../../operating/fleet-control.ts';
import type { RouteControl } from '../../operating/traffic/route-control.ts';
import { Feed } from './watch.ts';

/** One feed for each kind of things that can be watched. */
export interface Feeds {
  readonly deployments: Feed;
  readonly instances: Feed;
  readonly downloads: Feed;
  readonly devices: Feed;
  readonly engines: Feed;
  readonly routes: Feed;
  readonly keys: Feed;
  readonly users: Feed;
  close(): void;
}

/** What feeds are filled from. */
export interface FeedSources {
  readonly fleet: Pick<FleetControl, 'subscribe' | 'instance'>;
  readonly routes: Pick<RouteControl, 'list'>;
}

/** Makes them; those of the fleet fill by themselves. */
export function createFeeds({ fleet, routes }: FeedSources): Feeds {
  const epoch = randomHex(4);
  const feeds = {
    deployments: new Feed(epoch),
    instances: new Feed(epoch),
    downloads: new Feed(epoch),
    devices: new Feed(epoch),
    engines: new Feed(epoch),
    routes: new Feed(epoch),
    keys: new Feed(epoch),
    users: new Feed(epoch),
  };
  const byKind = {
    deployment: feeds.deployments,
    instance: feeds.instances,
    download: feeds.downloads,
    device: feeds.devices,
    engine: feeds.engines,
  } as const;
  const close = fleet.subscribe((change: FleetChange) => {
    byKind[change.kind].publish({ type: change.type, id: change.id });
    // A route shows which of its targets are gone.
    if (change.kind === 'deployment' && change.type !== 'updated')
      for (const { route } of routes.list()) feeds.routes.publish({ type: 'updated', id: route.id });
    if (change.kind !== 'instance') return;
    // A deployment shows its instances, so it changes with them.
    const deploymentId = fleet.instance(change.id)?.deploymentId;
    if (deploymentId !== undefined) feeds.deployments.publish({ type: 'updated', id: deploymentId });
  });
  return { ...feeds, close };
}
