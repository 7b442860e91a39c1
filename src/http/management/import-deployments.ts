/** Many deployments from one file, all or none: what is there under a name is replaced, what is new is made. */

import { type Static, Type } from 'typebox';
import { RequestError, toAppError } from '../../base/errors.ts';
import {
  completeSpec,
  type DeploymentSpec,
  type DeploymentWish,
  deploymentWishSchema,
  servedNames,
} from '../../fleet/deployment.ts';
import { personOf } from '../../fleet/permissions.ts';
import type { DeploymentView } from '../../operating/fleet-control.ts';
import { changedFields } from './audit.ts';
import { checkDeployment } from './deployment-rules.ts';
import type { Call } from './route.ts';
import { specOf } from './views.ts';

const entrySchema = Type.Object(
  {
    ...deploymentWishSchema.properties,
    /** null = a secret that the export left out. */
    environment: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String({ maxLength: 8_192 }), Type.Null()]), { maxProperties: 100 }),
    ),
  },
  { additionalProperties: false },
);

/** The file. */
export const importSchema = Type.Object(
  { deployments: Type.Array(entrySchema, { minItems: 1, maxItems: 500 }) },
  { additionalProperties: false, title: 'DeploymentFile' },
);

/** What an import changes, or would. */
export const importReplySchema = Type.Object(
  {
    dryRun: Type.Boolean(),
    created: Type.Array(Type.String()),
    updated: Type.Array(Type.Object({ name: Type.String(), fields: Type.String() })),
    unchanged: Type.Array(Type.String()),
  },
  { title: 'ImportReport' },
);

/** One deployment of the file: what it shall be, and what is there. */
interface Step {
  readonly spec: DeploymentSpec;
  readonly before: DeploymentView | undefined;
  /** Empty = nothing to do. */
  readonly fields: string;
}

/** Checks the whole file, then does it; a failure takes back what was done. */
export async function importDeployments(
  file: Static<typeof importSchema>,
  { call, dryRun }: { readonly call: Call; readonly dryRun: boolean },
): Promise<Static<typeof importReplySchema>> {
  const steps = await planSteps(file, call);
  checkNames(steps, call);
  if (!dryRun) await applySteps(steps, call);
  return {
    dryRun,
    created: steps.filter(({ before }) => before === undefined).map(({ spec }) => spec.name),
    updated: steps
      .filter(({ before, fields }) => before !== undefined && fields !== '')
      .map(({ spec, fields }) => ({ name: spec.name, fields })),
    unchanged: steps.filter(({ before, fields }) => before !== undefined && fields === '').map(({ spec }) => spec.name),
  };
}

async function planSteps({ deployments }: Static<typeof importSchema>, call: Call): Promise<readonly Step[]> {
  const { fleet, settings } = call.world;
  const pathRoots = await settings.pathRoots();
  const steps: Step[] = [];
  for (const [index, { environment, ...entry }] of deployments.entries()) {
    const place = `deployments[${index}]`;
    const { name } = completeSpec(entry);
    const before = fleet.deployments().find(({ deployment }) => deployment.name === name);
    const wish: DeploymentWish = { ...entry };
    if (environment !== undefined)
      wish.environment = withSecrets(environment, before?.deployment.environment ?? {}, place);
    await checkDeployment(wish, { pathRoots, place });
    if (before?.deployment.declaredBy === 'command-line')
      throw new RequestError('conflict', `'${name}' is declared by the command line; it cannot be changed.`, {
        param: `${place}.name`,
      });
    const spec = completeSpec(wish);
    steps.push({ spec, before, fields: before === undefined ? '' : changedFields(specOf(before.deployment), spec) });
  }
  return steps;
}

function withSecrets(
  given: Readonly<Record<string, string | null>>,
  known: Readonly<Record<string, string>>,
  place: string,
): Record<string, string> {
  const entries = Object.entries(given).map(([name, value]): [string, string] => {
    const kept = value ?? (Object.hasOwn(known, name) ? known[name] : undefined);
    if (kept === undefined)
      throw new RequestError(
        'missing_field',
        `'${place}.environment.${name}' was left out of the file; give its value.`,
        {
          param: `${place}.environment.${name}`,
        },
      );
    return [name, kept];
  });
  return Object.fromEntries(entries);
}

/** Each name and alias once, in the file and beside what stays. */
function checkNames(steps: readonly Step[], { world }: Call): void {
  const replaced = new Set(steps.map(({ before }) => before?.deployment.id));
  const staying = world.fleet.deployments().filter(({ deployment }) => !replaced.has(deployment.id));
  const taken = new Set(staying.flatMap(({ deployment }) => servedNames(deployment)));
  for (const [index, { spec }] of steps.entries())
    for (const name of servedNames(spec)) {
      if (taken.has(name))
        throw new RequestError('name_taken', `Two deployments would be called '${name}'.`, {
          param: `deployments[${index}].name`,
        });
      taken.add(name);
    }
}

async function applySteps(steps: readonly Step[], call: Call): Promise<void> {
  const undo: Array<() => Promise<unknown>> = [];
  try {
    for (const step of steps) await applyStep(step, call, undo);
  } catch (thrown) {
    for (const action of undo.toReversed()) await tryUndo(action, call);
    throw thrown;
  }
  for (const { spec, before, fields } of steps)
    if (before === undefined || fields !== '')
      call.note({
        targetId: before?.deployment.id ?? '',
        targetName: spec.name,
        detail: before === undefined ? 'created' : fields,
      });
}

async function applyStep({ spec, before, fields }: Step, call: Call, undo: Array<() => Promise<unknown>>) {
  const { fleet } = call.world;
  if (before === undefined) {
    const { deployment } = await fleet.create(spec, personOf(call.caller)?.id);
    undo.push(() => fleet.remove(deployment.id, false));
  } else if (fields !== '') {
    const { id, revision } = before.deployment;
    await fleet.edit(id, spec, revision);
    undo.push(() => fleet.edit(id, specOf(before.deployment)));
  }
}

async function tryUndo(action: () => Promise<unknown>, { world, requestId }: Call): Promise<void> {
  try {
    await action();
  } catch (thrown) {
    world.log.error({ requestId, err: toAppError(thrown) }, 'a part of a failed import could not be taken back');
  }
}
