/** The routes of this server: kept in the database, answered from memory. */

import type { Clock } from '../../base/clock.ts';
import { RequestError } from '../../base/errors.ts';
import { type Deployment, servedNames } from '../../fleet/deployment.ts';
import type { ModelRoute, ModelRouteId, ModelRouteSpec } from '../../fleet/model-route.ts';
import { deleteModelRoute, insertModelRoute, listModelRoutes, updateModelRoute } from '../../store/model-routes.ts';
import type { Db } from '../../store/tables.ts';
import { createTurns } from '../turns.ts';
import { checkRoute, nameTaken } from './check-route.ts';
import { findByName } from './local-roster.ts';
import type { ModelRouteView, RouteControl } from './route-control.ts';

/** What routes are kept with. */
export interface RouteWorld {
  readonly db: Db;
  readonly clock: Clock;
  readonly newId: () => string;
  /** All that are wanted now. */
  readonly deployments: () => readonly Deployment[];
}

/** The desk where routes are kept. */
export class RouteDesk implements RouteControl {
  readonly #world: RouteWorld;
  readonly #inTurn = createTurns();
  readonly #routes = new Map<ModelRouteId, ModelRoute>();

  private constructor(world: RouteWorld, stored: readonly ModelRoute[]) {
    this.#world = world;
    for (const route of stored) this.#routes.set(route.id, route);
  }

  /** Reads what is stored. */
  static async open(world: RouteWorld): Promise<RouteDesk> {
    return new RouteDesk(world, await listModelRoutes(world.db));
  }

  /** All, as requests need them. */
  get routes(): readonly ModelRoute[] {
    return [...this.#routes.values()];
  }

  list(): readonly ModelRouteView[] {
    return this.routes.map((route) => this.#view(route));
  }

  find(idOrName: string): ModelRouteView | undefined {
    const found = this.routes.find(({ id, name }) => id === idOrName || name === idOrName);
    return found && this.#view(found);
  }

  create(spec: ModelRouteSpec): Promise<ModelRouteView> {
    return this.#inTurn(async () => {
      this.#check(spec);
      const { db, clock, newId } = this.#world;
      const at = clock.unixSeconds();
      // The prefix is what makes it one.
      const id = newId() as ModelRouteId;
      const written = await insertModelRoute(db, { ...spec, id, revision: 1, createdAt: at, updatedAt: at });
      return this.#keep(written, spec);
    });
  }

  edit(id: ModelRouteId, spec: ModelRouteSpec, expectedRevision: number): Promise<ModelRouteView> {
    return this.#inTurn(async () => {
      const before = this.#routes.get(id);
      if (before === undefined) throw new RequestError('not_found', `There is no route '${id}'.`);
      this.#check(spec);
      const { revision, createdAt } = before;
      const after = { ...spec, id, revision, createdAt, updatedAt: this.#world.clock.unixSeconds() };
      return this.#keep(await updateModelRoute(this.#world.db, after, expectedRevision), spec);
    });
  }

  remove(id: ModelRouteId): Promise<void> {
    return this.#inTurn(async () => {
      await deleteModelRoute(this.#world.db, id);
      this.#routes.delete(id);
    });
  }

  #keep(written: ModelRoute | 'changed' | 'name_taken', { name }: ModelRouteSpec): ModelRouteView {
    if (written === 'name_taken') throw nameTaken(name);
    if (written === 'changed')
      throw new RequestError('changed_meanwhile', `The route '${name}' has changed meanwhile; read it again.`);
    this.#routes.set(written.id, written);
    return this.#view(written);
  }

  /** Deployments of the command line are in no table: their names are looked at here. */
  #check(spec: ModelRouteSpec): void {
    const deployments = this.#world.deployments();
    checkRoute(spec, { isServed: (name) => findByName(deployments, name) !== undefined });
  }

  #view(route: ModelRoute): ModelRouteView {
    const deployments = this.#world.deployments();
    const named = [...route.targets.map(({ deployment }) => deployment), ...route.fallbacks];
    const gone = named.filter((name) => findByName(deployments, name) === undefined);
    const shadowing = deployments.find((deployment) => servedNames(deployment).includes(route.name));
    const warnings = [
      ...[...new Set(gone)].map((name) => `No deployment answers to '${name}' any more; it is left out.`),
      ...(shadowing === undefined
        ? []
        : [`The deployment '${shadowing.name}' answers to this name too, and goes before.`]),
    ];
    return { route, warnings };
  }
}
