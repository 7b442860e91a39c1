/** What every database must do with routes. */

import { beforeEach, expect, it } from 'vitest';
import { completeSpec, type Deployment, type DeploymentId } from '../fleet/deployment.ts';
import { completeRoute, type ModelRoute, type ModelRouteId } from '../fleet/model-route.ts';
import type { Store } from './database.ts';
import { deleteDeployment, insertDeployment, updateDeployment } from './deployments.ts';
import { deleteModelRoute, insertModelRoute, listModelRoutes, updateModelRoute } from './model-routes.ts';
import type { Db } from './tables.ts';

const route = (name: string, changes: Partial<ModelRoute> = {}): ModelRoute => ({
  ...completeRoute({ name, targets: [{ deployment: 'a', weight: 3 }, { deployment: 'b' }], fallbacks: ['c'] }),
  id: `rte_${name}` as ModelRouteId,
  revision: 1,
  createdAt: 100,
  updatedAt: 100,
  ...changes,
});

const deployment = (name: string): Deployment => ({
  ...completeSpec({ name, aliases: [`${name}-alias`], source: { kind: 'bundled' } }),
  id: `dep_${name}` as DeploymentId,
  declaredBy: 'store',
  revision: 1,
  instanceRevision: 1,
  isStopped: false,
  createdAt: 100,
  updatedAt: 100,
});

/** Runs the suite over the databases that `open` makes, each empty. */
export function modelRoutesContract(open: () => Promise<Store>): void {
  let db: Db;
  beforeEach(async () => {
    const store = await open();
    db = store.db;
    return () => store.close();
  });

  it('come back as they were written, oldest first', async () => {
    const full = route('second', { createdAt: 200, description: 'for tests' });
    for (const each of [full, route('first')]) expect(await insertModelRoute(db, each)).toEqual(each);
    expect(await listModelRoutes(db)).toEqual([route('first'), full]);
  });

  it('are changed at the revision that was read, and removed once', async () => {
    const before = route('r');
    await insertModelRoute(db, before);
    const after = { ...before, fallbacks: [], updatedAt: 300 };
    expect(await updateModelRoute(db, after, 1)).toEqual({ ...after, revision: 2 });
    expect(await updateModelRoute(db, after, 1)).toBe('changed');
    expect([await deleteModelRoute(db, before.id), await deleteModelRoute(db, before.id)]).toEqual([true, false]);
  });

  it('share their names with no other route and no deployment, either way', async () => {
    await insertModelRoute(db, route('r'));
    await insertDeployment(db, deployment('d'));
    expect(await insertModelRoute(db, route('r', { id: 'rte_2' as ModelRouteId }))).toBe('name_taken');
    for (const name of ['d', 'd-alias']) {
      expect(await insertModelRoute(db, route(name))).toBe('name_taken');
      expect(await updateModelRoute(db, { ...route('r'), name }, 1)).toBe('name_taken');
    }
    expect(await insertDeployment(db, deployment('r'))).toBe('name_taken');
    expect(await updateDeployment(db, { ...deployment('d'), aliases: ['r'] }, 1)).toBe('name_taken');
    await deleteDeployment(db, deployment('d').id);
    expect(await insertModelRoute(db, route('d'))).toMatchObject({ name: 'd' });
  });
}
