/** Deployments and routes from one file, all or none: what is there under a name is replaced, what is new is made. */

import { type Static, Type } from 'typebox';
import { RequestError, toAppError } from '../../base/errors.ts';
import { servedNames } from '../../fleet/deployment.ts';
import { modelRouteWishSchema } from '../../fleet/model-route.ts';
import { deploymentEntrySchema, type PlannedDeployment, planDeployments } from './import-deployments.ts';
import { planRoutes } from './import-routes.ts';
import { type ImportStep, isChange } from './import-step.ts';
import type { Call } from './route.ts';

const mostEntries = 500;

/** The file. */
export const importSchema = Type.Object(
  {
    deployments: Type.Optional(Type.Array(deploymentEntrySchema, { maxItems: mostEntries })),
    routes: Type.Optional(Type.Array(modelRouteWishSchema, { maxItems: mostEntries })),
  },
  { additionalProperties: false, title: 'DeploymentFile' },
);

const changes = {
  created: Type.Array(Type.String()),
  updated: Type.Array(Type.Object({ name: Type.String(), fields: Type.String() })),
  unchanged: Type.Array(Type.String()),
};

/** What an import changes, or would: of deployments, and of routes. */
export const importReplySchema = Type.Object(
  { dryRun: Type.Boolean(), ...changes, routes: Type.Object(changes) },
  { title: 'ImportReport' },
);

/** Checks the whole file, then does it; a failure takes back what was done. */
export async function importFile(
  { deployments = [], routes = [] }: Static<typeof importSchema>,
  { call, dryRun }: { readonly call: Call; readonly dryRun: boolean },
): Promise<Static<typeof importReplySchema>> {
  if (deployments.length + routes.length === 0)
    throw new RequestError('missing_field', "The file holds neither 'deployments' nor 'routes'.", {
      param: 'deployments',
    });
  const planned = await planDeployments(deployments, call);
  const plannedRoutes = planRoutes(routes, servedAfter(planned, call), call);
  // Routes come last: their targets must be there.
  if (!dryRun) await applySteps([...planned, ...plannedRoutes], call);
  return { dryRun, ...reportOf(planned), routes: reportOf(plannedRoutes) };
}

/** Every name and id that a deployment answers to once the file's own are there. */
function servedAfter(planned: readonly PlannedDeployment[], { world }: Call): ReadonlySet<string> {
  const known = world.fleet.deployments().map(({ deployment }) => deployment);
  const replaced = new Set(planned.map(({ id }) => id));
  const staying = known.filter(({ id }) => !replaced.has(id));
  const names = [...staying, ...planned.map(({ spec }) => spec)].flatMap(servedNames);
  return new Set([...names, ...known.map(({ id }) => id)]);
}

function reportOf(steps: readonly ImportStep[]) {
  return {
    created: steps.filter(({ id }) => id === undefined).map(({ name }) => name),
    updated: steps
      .filter(({ id, fields }) => id !== undefined && fields !== '')
      .map(({ name, fields }) => ({ name, fields })),
    unchanged: steps.filter((step) => !isChange(step)).map(({ name }) => name),
  };
}

async function applySteps(steps: readonly ImportStep[], call: Call): Promise<void> {
  const changing = steps.filter(isChange);
  const undo: Array<() => Promise<unknown>> = [];
  try {
    for (const step of changing) undo.push(await step.apply());
  } catch (thrown) {
    for (const action of undo.toReversed()) await tryUndo(action, call);
    throw thrown;
  }
  for (const { name, id, fields } of changing)
    call.note({ targetId: id ?? '', targetName: name, detail: id === undefined ? 'created' : fields });
}

async function tryUndo(action: () => Promise<unknown>, { world, requestId }: Call): Promise<void> {
  try {
    await action();
  } catch (thrown) {
    world.log.error({ requestId, err: toAppError(thrown) }, 'a part of a failed import could not be taken back');
  }
}
