/** What can be done with a deployment besides editing it: stop, start, scale, clone, probe; and estimating one. */

import { Type } from 'typebox';
import { deploymentSpecSchema, deploymentWishSchema } from '../../../fleet/deployment.ts';
import { personOf } from '../../../fleet/permissions.ts';
import { findDeployment, idParams } from '../find.ts';
import { deploymentSchema, estimateSchema, verdictSchema } from '../replies.ts';
import { json } from '../result.ts';
import { defineRoute, type Route } from '../route.ts';
import { encodeVerdict, specOf } from '../views.ts';
import { checkRules, showChanged } from './deployments.ts';

function setStopped(word: 'stop' | 'start', summary: string): Route {
  return defineRoute({
    method: 'POST',
    path: `/deployments/:id/${word}`,
    action: 'deployment.edit',
    summary,
    params: idParams,
    reply: deploymentSchema,
    audit: `deployment.${word}`,
    handler: async ({ params }, call) => {
      const { deployment } = findDeployment(call, params.id);
      return showChanged(await call.world.fleet.setStopped(deployment.id, word === 'stop'), call, '');
    },
  });
}

const scale = defineRoute({
  method: 'POST',
  path: '/deployments/:id/scale',
  action: 'deployment.edit',
  summary: 'Sets the number of replicas.',
  params: idParams,
  body: Type.Object({ replicas: deploymentSpecSchema.properties.replicas }, { additionalProperties: false }),
  reply: deploymentSchema,
  audit: 'deployment.scale',
  handler: async ({ params, body }, call) => {
    const { deployment } = findDeployment(call, params.id);
    const view = await call.world.fleet.scale(deployment.id, body.replicas);
    return showChanged(view, call, `replicas ${deployment.replicas} → ${body.replicas}`);
  },
});

const clone = defineRoute({
  method: 'POST',
  path: '/deployments/:id/clone',
  action: 'deployment.create',
  summary: 'Deploys the same under another name, without the aliases.',
  params: idParams,
  body: Type.Object({ name: deploymentSpecSchema.properties.name }, { additionalProperties: false }),
  reply: deploymentSchema,
  status: 201,
  audit: 'deployment.create',
  handler: async ({ params, body }, call) => {
    const { deployment } = findDeployment(call, params.id);
    const wish = { ...specOf(deployment), name: body.name, aliases: [] };
    await checkRules(wish, call);
    const view = await call.world.fleet.create(wish, personOf(call.caller)?.id);
    return showChanged(view, call, `clone of ${deployment.name}`);
  },
});

const probe = defineRoute({
  method: 'POST',
  path: '/deployments/:id/probe',
  action: 'deployment.probe',
  summary: 'Asks a ready instance to call tools, and keeps the verdict.',
  params: idParams,
  reply: verdictSchema,
  audit: 'deployment.probe',
  handler: async ({ params }, call) => {
    const { deployment } = findDeployment(call, params.id);
    const verdict = await call.world.fleet.probe(deployment.id, call.signal);
    call.note({ targetId: deployment.id, targetName: deployment.name, detail: verdict.verdict });
    return json(encodeVerdict(verdict, call.may));
  },
});

const estimate = defineRoute({
  method: 'POST',
  path: '/estimates',
  action: 'deployment.create',
  summary: 'Says whether a deployment would fit, before anything is loaded.',
  body: deploymentWishSchema,
  reply: estimateSchema,
  handler: async ({ body }, call) => {
    await checkRules(body, call);
    return json(await call.world.fleet.estimate(body, call.signal));
  },
});

/** All of them. */
export const deploymentActionRoutes: readonly Route[] = [
  setStopped('stop', 'Ends its instances; the replicas are kept for the next start.'),
  setStopped('start', 'Starts it again.'),
  scale,
  clone,
  probe,
  estimate,
];
