/** `/deployments`: what shall run, and how it is doing. */

import { Type } from 'typebox';
import {
  completeSpec,
  type DeploymentSpec,
  deploymentSpecSchema,
  deploymentWishSchema,
} from '../../../fleet/deployment.ts';
import { personOf } from '../../../fleet/permissions.ts';
import type { DeploymentView } from '../../../operating/fleet-control.ts';
import type { WithRemoteKey } from '../../../operating/remote-keys.ts';
import { changedFields } from '../audit.ts';
import { checkInput } from '../check-input.ts';
import { checkDeployment } from '../deployment-rules.ts';
import { findDeployment, idParams } from '../find.ts';
import { type ListManner, listQuery, pageSchema, sendList, watchQuery } from '../list.ts';
import { mergePatch } from '../merge-patch.ts';
import { deploymentSchema } from '../replies.ts';
import { done, json, type Result } from '../result.ts';
import { type Call, defineRoute, type Route } from '../route.ts';
import { encodeDeployment, specOf } from '../views.ts';
import type { Subscription } from '../watch.ts';

/** Sent to its remote server with every request: goes in and never comes out. */
const remoteKey = Type.String({ minLength: 1, maxLength: 4_096, pattern: '^[\\x21-\\x7e]+$' });
const orderSchema = Type.Object(
  { ...deploymentWishSchema.properties, remoteKey: Type.Optional(remoteKey) },
  { additionalProperties: false },
);
const keyPatchSchema = Type.Object({ remoteKey: Type.Optional(Type.Union([remoteKey, Type.Null()])) });

const orders = {
  name: ({ deployment }: DeploymentView) => deployment.name,
  createdAt: ({ deployment }: DeploymentView) => deployment.createdAt,
  updatedAt: ({ deployment }: DeploymentView) => deployment.updatedAt,
  state: ({ state }: DeploymentView) => state,
};

const list = defineRoute({
  method: 'GET',
  path: '/deployments',
  action: 'deployment.read',
  summary: 'Lists deployments, or watches them.',
  query: { ...listQuery(Object.keys(orders)), ...watchQuery },
  reply: pageSchema(deploymentSchema),
  handler: ({ query }, call) =>
    query.watch
      ? { kind: 'watch', subscription: watchDeployments(call) }
      : sendList(query, call.world.fleet.deployments(), mannerFor(call)),
});

function mannerFor(call: Call): ListManner<DeploymentView> {
  return {
    texts: ({ deployment }) => [deployment.id, deployment.name, ...deployment.aliases, deployment.description],
    orders,
    encode: (view) => encodeDeployment(view, call.may),
  };
}

function watchDeployments({ world }: Call): Subscription {
  const { fleet, feeds } = world;
  return {
    feed: feeds.deployments,
    action: 'deployment.read',
    snapshot: async (may) => fleet.deployments().map((view) => encodeDeployment(view, may)),
    item: async (id, may) => {
      const view = fleet.find(id);
      return view && encodeDeployment(view, may);
    },
  };
}

const read = defineRoute({
  method: 'GET',
  path: '/deployments/:id',
  action: 'deployment.read',
  summary: 'Shows a deployment; the id may be its name or an alias.',
  params: idParams,
  reply: deploymentSchema,
  handler: ({ params }, call) => show(findDeployment(call, params.id), call),
});

const create = defineRoute({
  method: 'POST',
  path: '/deployments',
  action: 'deployment.create',
  summary: 'Deploys a model; everything but the source has a default.',
  body: orderSchema,
  reply: deploymentSchema,
  status: 201,
  audit: 'deployment.create',
  handler: async ({ body }, call) => {
    await checkRules(body, call);
    const view = await call.world.fleet.create(body, personOf(call.caller)?.id);
    return showChanged(view, call, Object.keys(body).sort().join(', '));
  },
});

const replace = defineRoute({
  method: 'PUT',
  path: '/deployments/:id',
  action: 'deployment.edit',
  summary: 'Replaces what is wanted; what is absent becomes its default, the name stays.',
  params: idParams,
  body: orderSchema,
  reply: deploymentSchema,
  audit: 'deployment.edit',
  handler: async ({ params, body }, call) => {
    const { remoteKey: key, ...wish } = body;
    const before = findDeployment(call, params.id);
    const spec = completeSpec({ name: before.deployment.name, ...wish });
    return edit(before, { spec, ...(key !== undefined && { remoteKey: key }) }, call);
  },
});

const patch = defineRoute({
  method: 'PATCH',
  path: '/deployments/:id',
  action: 'deployment.edit',
  summary: 'Changes what is given (JSON Merge Patch): null takes a field back to its default.',
  params: idParams,
  body: Type.Record(Type.String(), Type.Unknown(), {
    title: 'DeploymentPatch',
    description:
      'Any fields of DeploymentSpec, nested ones too, and remoteKey; null takes a field back to its default.',
  }),
  reply: deploymentSchema,
  audit: 'deployment.edit',
  handler: async ({ params, body }, call) => {
    const before = findDeployment(call, params.id);
    const { remoteKey: key, ...changes } = body;
    const given = checkInput(keyPatchSchema, key === undefined ? {} : { remoteKey: key });
    const patched = mergePatch(specOf(before.deployment), changes);
    const wish = checkInput(deploymentWishSchema, patched);
    const spec = completeSpec({ name: before.deployment.name, ...wish });
    return edit(before, { spec, ...(key !== undefined && { remoteKey: given.remoteKey ?? '' }) }, call);
  },
});

const remove = defineRoute({
  method: 'DELETE',
  path: '/deployments/:id',
  action: 'deployment.delete',
  summary: 'Ends and forgets a deployment; with its downloaded files if wanted.',
  params: idParams,
  query: { withFiles: Type.Optional(Type.Boolean()) },
  audit: 'deployment.delete',
  handler: async ({ params, query }, call) => {
    const { deployment } = findDeployment(call, params.id);
    await call.world.fleet.remove(deployment.id, query.withFiles ?? false);
    const detail = query.withFiles ? 'with its files' : '';
    call.note({ targetId: deployment.id, targetName: deployment.name, detail });
    return done;
  },
});

/** All of them. */
export const deploymentRoutes: readonly Route[] = [list, read, create, replace, patch, remove];

/** Throws where the platform's rules forbid it. */
export async function checkRules(wish: Parameters<typeof checkDeployment>[0], { world }: Call): Promise<void> {
  await checkDeployment(wish, { pathRoots: await world.settings.pathRoots() });
}

interface Edit extends WithRemoteKey {
  readonly spec: DeploymentSpec;
}

/** Without If-Match the edit is made on what was just read: a change in between is refused, not lost. */
async function edit({ deployment }: DeploymentView, { spec, ...key }: Edit, call: Call): Promise<Result> {
  checkInput(deploymentSpecSchema, spec);
  await checkRules(spec, call);
  const revision = call.expectedRevision ?? deployment.revision;
  const view = await call.world.fleet.edit(deployment.id, { ...spec, ...key }, revision);
  const changed = changedFields(specOf(deployment), spec);
  return showChanged(view, call, key.remoteKey === undefined ? changed : withKeyField(changed));
}

/** That it changed is told, not what it is. */
function withKeyField(changed: string): string {
  return changed === '' ? 'remoteKey' : `${changed}, remoteKey`;
}

/** The deployment as it is now; the change goes to the audit log. */
export function showChanged(view: DeploymentView, call: Call, detail: string): Result {
  call.note({ targetId: view.deployment.id, targetName: view.deployment.name, detail });
  return show(view, call);
}

function show(view: DeploymentView, call: Call): Result {
  return json(encodeDeployment(view, call.may), view.deployment.revision);
}
