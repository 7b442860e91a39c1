/** What routes can be told and asked: the interface that HTTP routes stand on. */

import type { ModelRoute, ModelRouteId, ModelRouteSpec } from '../../fleet/model-route.ts';

/** A route with what may be wrong with it. */
export interface ModelRouteView {
  readonly route: ModelRoute;
  /** Plain words, e.g. on a target that is not deployed any more. */
  readonly warnings: readonly string[];
}

/** The routes of this server; edits come one after another. */
export interface RouteControl {
  list(): readonly ModelRouteView[];
  find(idOrName: string): ModelRouteView | undefined;
  /** Throws RequestError: `name_taken`, or `invalid_value` for a target that is not deployed. */
  create(spec: ModelRouteSpec): Promise<ModelRouteView>;
  /** `changed_meanwhile` if it is not at `expectedRevision` any more. */
  edit(id: ModelRouteId, spec: ModelRouteSpec, expectedRevision: number): Promise<ModelRouteView>;
  remove(id: ModelRouteId): Promise<void>;
}
