/** The deployments of a file: what is there under a name is replaced, what is new is made. */

import { type Static, Type } from 'typebox';
import { RequestError } from '../../base/errors.ts';
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
import type { ImportStep } from './import-step.ts';
import type { Call } from './route.ts';
import { specOf } from './views.ts';

/** A deployment as a file holds it. */
export const deploymentEntrySchema = Type.Object(
  {
    ...deploymentWishSchema.properties,
    /** null = a secret that the export left out. */
    environment: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String({ maxLength: 8_192 }), Type.Null()]), { maxProperties: 100 }),
    ),
  },
  { additionalProperties: false },
);

/** One deployment of the file: what it shall be, and what is there. */
export interface PlannedDeployment extends ImportStep {
  readonly spec: DeploymentSpec;
}

type Entry = Static<typeof deploymentEntrySchema>;

/** What each deployment of the file asks for, all of it checked. */
export async function planDeployments(
  deployments: readonly Entry[],
  call: Call,
): Promise<readonly PlannedDeployment[]> {
  const { fleet, settings } = call.world;
  const pathRoots = await settings.pathRoots();
  const steps: PlannedDeployment[] = [];
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
    steps.push(stepOf(completeSpec(wish), before, call));
  }
  checkNames(steps, call);
  return steps;
}

function stepOf(spec: DeploymentSpec, before: DeploymentView | undefined, call: Call): PlannedDeployment {
  const { fleet } = call.world;
  const { name } = spec;
  if (before === undefined)
    return {
      ...{ name, spec, fields: '' },
      async apply() {
        const { deployment } = await fleet.create(spec, personOf(call.caller)?.id);
        return () => fleet.remove(deployment.id, false);
      },
    };
  const { deployment } = before;
  const { id, revision } = deployment;
  return {
    ...{ name, spec, id, fields: changedFields(specOf(deployment), spec) },
    async apply() {
      await fleet.edit(id, spec, revision);
      return () => fleet.edit(id, specOf(deployment));
    },
  };
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
function checkNames(steps: readonly PlannedDeployment[], { world }: Call): void {
  const replaced = new Set(steps.map(({ id }) => id));
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
